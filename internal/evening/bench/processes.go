package bench

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sample is the processor time used so far, by what a process is.
type sample struct {
	timeMS           int64
	gate, was, other time.Duration
}

// tick is the unit of times in /proc: USER_HZ is 100 on every Linux Go runs on.
const tick = 10 * time.Millisecond

// sampleEvery is seldom enough not to be part of the load.
const sampleEvery = 250 * time.Millisecond

// watch samples the processes of the evening that lives in a directory until it
// has ended. The time of a process that ends stays in the sum.
func watch(data string, ended <-chan error) ([]sample, error) {
	used := map[string]time.Duration{} // by process id and name
	var samples []sample
	for {
		look(data, used)
		s := sample{timeMS: time.Now().UnixMilli()}
		for process, cpu := range used {
			switch _, kind, _ := strings.Cut(process, " "); kind {
			case "gate":
				s.gate += cpu
			case "was":
				s.was += cpu
			default:
				s.other += cpu
			}
		}
		samples = append(samples, s)
		select {
		case err := <-ended:
			return samples, err
		case <-time.After(sampleEvery):
		}
	}
}

// look notes the processor time of every process that was told the directory on
// its command line.
func look(data string, used map[string]time.Duration) {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return
	}
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(line, []byte(data)) {
			continue
		}
		args := strings.Split(string(line), "\x00")
		if len(args) < 2 {
			continue
		}
		if cpu, ok := processorTime(filepath.Join(filepath.Dir(file), "stat")); ok {
			used[filepath.Base(filepath.Dir(file))+" "+args[1]] = cpu
		}
	}
}

// processorTime reads user and system time. The name before them stands in
// parentheses and may hold anything.
func processorTime(stat string) (time.Duration, bool) {
	raw, err := os.ReadFile(stat)
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	if len(fields) < 13 {
		return 0, false
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, err1 == nil && err2 == nil
}

// at is what had been used at a time, in proportion between two samples.
func at(samples []sample, timeMS int64) sample {
	i := slices.IndexFunc(samples, func(s sample) bool { return s.timeMS >= timeMS })
	switch {
	case i < 0:
		return samples[len(samples)-1]
	case i == 0:
		return samples[0]
	}
	a, b := samples[i-1], samples[i]
	share := float64(timeMS-a.timeMS) / float64(b.timeMS-a.timeMS)
	between := func(x, y time.Duration) time.Duration { return x + time.Duration(share*float64(y-x)) }
	return sample{timeMS, between(a.gate, b.gate), between(a.was, b.was), between(a.other, b.other)}
}
