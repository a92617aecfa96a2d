package evening

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"sunbeon/internal/evening/staging"
	"sunbeon/internal/observability"
)

// Config describes one evening.
type Config struct {
	// Binary is the sunbeon executable that every child runs.
	Binary string
	// Data is the data directory; made where it is missing.
	Data string
	// PortBase is the first of the forty ports that may be used.
	PortBase int
	// People is how many synthetic citizens come; 0 sends nobody.
	People int
	Seed   uint64
	// AtOnce, where not zero, is how many of them may be on their way at once.
	AtOnce int
	// Think is a citizen's mean pause between two steps.
	Think time.Duration
	// OpenIn is the time from ready to the cohort's opening.
	OpenIn time.Duration
	// For ends the evening, counted from the start of the process; 0 ends it
	// when the last citizen is through (or, with StayUp, never).
	For time.Duration
	// Order is "draw" or "first-come".
	Order string
	// Rate is the admission rate to begin with, in turns per second.
	Rate float64
	// Replicas is the number of WAS processes to begin with.
	Replicas int
	// Report is the file the report is written to; empty writes none.
	Report string
	// StayUp keeps the system up after the evening until ctx ends.
	StayUp bool
	// Terminal draws progress in place instead of line by line.
	Terminal bool
	// Face, where set, takes over the terminal once the system is ready, until
	// the person leaves it; the evening goes on all the while.
	Face func(context.Context) error
	// Fault halves the capacity of the stock system in mid-evening.
	Fault bool
	// Staging, where set, gives the citizens, the capacities and the faults; see
	// [Config.Follow].
	Staging *staging.Staging
	// Observe says where the processes' logs and traces go.
	Observe observability.Config
	Out     io.Writer
}

// Validate reports everything that is wrong with the configuration.
func (c Config) Validate() error {
	var errs []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	require(c.Data != "", "name a data directory with --data")
	require(c.People >= 0 && c.People <= 50_000_000, "--people %d: use 0 to 50000000", c.People)
	require(c.AtOnce >= 0, "--at-once %d is negative", c.AtOnce)
	require(c.OpenIn >= 0, "--open-in %s is negative", c.OpenIn)
	require(c.For >= 0, "--for %s is negative", c.For)
	require(c.Think >= 0, "--think %s is negative", c.Think)
	require(c.Order == "draw" || c.Order == "first-come", "--order %q: use draw or first-come", c.Order)
	if c.Report != "" {
		info, err := os.Stat(filepath.Dir(c.Report))
		require(err == nil && info.IsDir(), "--report %s: its folder is not there", c.Report)
	}
	require(c.Rate > 0 && c.Rate <= 1_000_000, "--rate %g: use more than 0 and at most 1000000 turns a second", c.Rate)
	require(c.Observe.TraceShare >= 0 && c.Observe.TraceShare <= 1, "--trace-share %g: use 0 to 1", c.Observe.TraceShare)
	require(c.PortBase >= 1024 && c.PortBase <= 65535-portCount, "--port-base %d: use 1024 to %d", c.PortBase, 65535-portCount)
	require(c.Replicas >= 1 && c.Replicas <= portCount-portFirstWAS, "--replicas %d: use 1 to %d", c.Replicas, portCount-portFirstWAS)
	return errors.Join(errs...)
}
