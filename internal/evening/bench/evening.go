package bench

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// evening is one run of the system with a crowd.
type evening struct {
	Settings
	data, report string
}

// readyWithin bounds the time until everything listens.
const readyWithin = time.Minute

// run plays the evening and returns the processor times seen meanwhile. An audit
// that found something is an error.
func (e evening) run(ctx context.Context) ([]sample, error) {
	up := exec.CommandContext(ctx, e.Binary, "up", "--headless", "--no-fault", "--open-in", "5s",
		"--data", e.data, "--report", e.report, "--port-base", strconv.Itoa(e.PortBase), "--replicas", strconv.Itoa(e.WAS),
		"--people", strconv.Itoa(e.People), "--at-once", strconv.Itoa(e.AtOnce), "--think", e.Think.String(), "--for", e.Longest.String())
	up.Stdout, up.Stderr = e.Output, e.Output
	up.Cancel = func() error { return up.Process.Signal(syscall.SIGTERM) }
	up.WaitDelay = 20 * time.Second
	if err := up.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- up.Wait() }()
	clearing, stop := context.WithCancel(ctx)
	defer stop()
	cleared := make(chan error, 1)
	go func() { cleared <- e.clear(clearing) }()
	samples, err := watch(e.data, ended)
	stop()
	if notCleared := <-cleared; err == nil {
		err = notCleared
	}
	return samples, err
}

// url of the public listener that has a port of its own, counted from the first.
func (e evening) url(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", e.PortBase+port) }

// clear takes away what would be the limit, as soon as there is somebody to tell.
func (e evening) clear(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	override := func(target string, value int) func() error {
		return func() error {
			told, err := exec.CommandContext(ctx, e.Binary, "ctl", "override", "set", target, strconv.Itoa(value),
				"--for", "1h", "--reason", "the servers are measured, not the steering", "--data", e.data).CombinedOutput()
			if err != nil {
				return fmt.Errorf("override %s: %w: %s", target, err, strings.TrimSpace(string(told)))
			}
			return nil
		}
	}
	for _, step := range []func() error{
		func() error { return hurryUpstreams(ctx, e.url(2)) }, override("admission", admission), override("replicas", e.WAS),
	} {
		for err := step(); err != nil; err = step() {
			select {
			case <-ctx.Done():
				return err
			case <-time.After(200 * time.Millisecond):
			}
		}
	}
	return nil
}

// fastUpstreams lifts what the simulated systems can do and shortens what they
// take: at their own 40 ms a request, the few that stock works on at once would be
// the limit of the evening.
const fastUpstreams = `{"identity": {"capacity": 10000, "service_time_ms": 2}, ` +
	`"eligibility": {"capacity": 10000, "service_time_ms": 2}, "stock": {"capacity": 10000, "service_time_ms": 2}}`

func hurryUpstreams(ctx context.Context, legacy string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, legacy+"/faults", strings.NewReader(fastUpstreams))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("upstreams: %w", err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("upstreams: %s", answer.Status)
	}
	return nil
}
