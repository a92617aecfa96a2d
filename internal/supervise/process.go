// Package supervise runs child processes: those of `sunbeon up` and the WAS
// processes of the agent. A child never outlives its parent, its output goes
// to a file, and what dies is started again with back-off.
package supervise

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Spec names a child process.
type Spec struct {
	Name string
	Path string
	Args []string
	// Env is the whole environment of the child.
	Env []string
	// LogFile receives standard output and error, appended; empty inherits.
	LogFile string
}

// Process is a started child.
type Process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}
	err  error
	stop sync.Once
}

// Start starts the child in a process group of its own, so that a Ctrl-C at
// the terminal reaches only the parent, which then stops its children in
// order. The kernel kills the child if this process dies.
func Start(spec Spec) (*Process, error) {
	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Env = spec.Env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if spec.LogFile != "" {
		log, err := os.OpenFile(spec.LogFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
		if err != nil {
			return nil, fmt.Errorf("open log of %s: %w", spec.Name, err)
		}
		defer log.Close()
		cmd.Stdout, cmd.Stderr = log, log
	} else {
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	}
	if err := startOnLastingThread(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	p := &Process{name: spec.Name, cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// starter is the one thread that starts children: Linux delivers the parent
// death signal when the starting *thread* ends, so it must be one that lives
// as long as the process.
var starter = sync.OnceValue(func() chan func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		batch()
		for f := range work {
			f()
		}
	}()
	return work
})

// batch makes the children of this thread batch tasks: of equal weight, but whom
// one wakes does not interrupt it. They do little else than wake one another, and
// on few processors an interruption each time costs more than it hurries. Where
// the system does not allow it they start as they are.
func batch() {
	if a, err := unix.SchedGetAttr(0, 0); err == nil && a.Policy == unix.SCHED_NORMAL {
		a.Policy = unix.SCHED_BATCH
		unix.SchedSetAttr(0, a, 0)
	}
}

func startOnLastingThread(cmd *exec.Cmd) error {
	result := make(chan error)
	starter() <- func() { result <- cmd.Start() }
	return <-result
}

// PID is the process id of the child.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err tells how the child ended: nil for status 0. It may be called once Done
// is closed.
func (p *Process) Err() error {
	<-p.done
	return p.err
}

// Stop asks the child to end with SIGTERM, kills it when grace has passed, and
// returns when it is gone. A stopped (SIGSTOP) child is continued so that it
// can hear the request.
func (p *Process) Stop(grace time.Duration) {
	p.stop.Do(func() {
		p.cmd.Process.Signal(syscall.SIGTERM)
		p.cmd.Process.Signal(syscall.SIGCONT)
	})
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.cmd.Process.Kill()
		<-p.done
	}
}
