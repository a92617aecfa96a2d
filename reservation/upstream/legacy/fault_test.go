package legacy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/upstream/legacy"
)

func TestReadFaultsRefusesNonsense(t *testing.T) {
	f := func(document, want string) {
		t.Helper()
		_, err := legacy.ReadFaults(strings.NewReader(document))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", document, err, want)
		}
	}
	f(``, "EOF")
	f(`[]`, "cannot unmarshal")
	f(`{} {}`, "more than one")
	f(`{"capcity_factor":0.5}`, "unknown field")
	f(`{"capacity_factor":0}`, "capacity_factor")
	f(`{"capacity_factor":-1}`, "capacity_factor")
	f(`{"stock":{"capacity":0}}`, "stock: capacity")
	f(`{"stock":{"error_rate":1.1}}`, "stock: error_rate")
	f(`{"stock":{"error_rate":0.6,"lie_rate":0.6}}`, "together")
	f(`{"identity":{"extra_latency_ms":-5}}`, "extra_latency_ms")
	f(`{"stock":{"service_time_ms":-1}}`, "stock: service_time_ms")
	f(`{"schedule":[{"after_ms":-1}]}`, "schedule[0]")
	f(`{"schedule":[{"after_ms":0},{"after_ms":9000000000000}]}`, "schedule[1]")
}

func TestScheduleLaysSpellsOverTheBase(t *testing.T) {
	faults, err := legacy.ReadFaults(strings.NewReader(`{
		"capacity_factor": 0.5,
		"identity": {"error_rate": 0.1},
		"schedule": [
			{"after_ms": 1000, "for_ms": 2000, "stock": {"stall": true}},
			{"after_ms": 2000, "capacity_factor": 0.25, "stock": {"capacity_factor": 2}}
		]}`))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		stations := map[string]*legacy.Station{}
		for _, system := range legacy.Systems {
			stations[system] = legacy.NewStation(even, rand.New(rand.NewPCG(1, 1)))
		}
		board := legacy.NewFaultBoard(stations, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { board.Run(ctx) })
		defer wg.Wait()
		defer cancel()

		check := func(when string, identity, stock float64, stalled bool) {
			t.Helper()
			synctest.Wait()
			if got := stations[legacy.Identity].Capacity(); got != identity {
				t.Errorf("%s: identity does %g a second, want %g", when, got, identity)
			}
			if got := stations[legacy.Stock].Capacity(); got != stock {
				t.Errorf("%s: stock does %g a second, want %g", when, got, stock)
			}
			if got := stations[legacy.Stock].Fault().Stall; got != stalled {
				t.Errorf("%s: stock stalled %v, want %v", when, got, stalled)
			}
		}
		if err := board.Put(faults); err != nil {
			t.Fatal(err)
		}
		check("at once", 50, 50, false)
		time.Sleep(1500 * time.Millisecond)
		check("in the stall", 50, 0, true)
		time.Sleep(time.Second)
		check("under the later spell", 25, 50, false)
		time.Sleep(time.Hour)
		check("much later", 25, 50, false)
		if got := stations[legacy.Identity].Fault().ErrorRate; got != 0.1 {
			t.Errorf("identity errs at %g, want 0.1: spells leave other systems alone", got)
		}
		if err := board.Put(legacy.Faults{}); err != nil {
			t.Fatal(err)
		}
		check("mended", 100, 100, false)
		if stations[legacy.Identity].Fault().Faulty() {
			t.Error("identity is still faulty after {}")
		}
	})
}

// Whatever is taken can be told and taken again: GET /faults may be PUT back.
func FuzzReadFaults(f *testing.F) {
	f.Add(`{}`)
	f.Add(`{"capacity_factor":0.5,"stock":{"stall":true,"capacity":3}}`)
	f.Add(`{"schedule":[{"after_ms":1,"for_ms":2,"identity":{"lie_rate":1}}]}`)
	f.Fuzz(func(t *testing.T, document string) {
		taken, err := legacy.ReadFaults(strings.NewReader(document))
		if err != nil {
			return
		}
		told, err := json.Marshal(taken)
		if err != nil {
			t.Fatal(err)
		}
		again, err := legacy.ReadFaults(bytes.NewReader(told))
		if err != nil {
			t.Fatalf("%s, told as %s: %v", document, told, err)
		}
		for _, elapsed := range []time.Duration{0, time.Second, time.Hour} {
			for _, system := range legacy.Systems {
				if diff := cmp.Diff(taken.At(elapsed).Of(system), again.At(elapsed).Of(system)); diff != "" {
					t.Errorf("%s at %v (-taken +again):\n%s", system, elapsed, diff)
				}
			}
		}
	})
}
