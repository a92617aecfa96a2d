package evening

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// report is the rush's report with what the control plane saw beside it.
type report map[string]any

// guarantees are the counts that must be zero after any evening.
var guarantees = []struct{ key, means string }{
	{"missing", "bookings acknowledged and not in the ledger"},
	{"overbooked", "slots booked beyond capacity"},
	{"duplicates", "people with two bookings of a dose, or two places"},
	{"early_passes", "passes issued to a turn not yet called"},
	{"lost", "tickets or passes acknowledged and not in the record"},
	{"unsound", "places where the record contradicts itself"},
}

// outcomes are told first.
var outcomes = []struct{ key, means string }{
	{"people", "came or were still to come"},
	{"tickets", "people with a place in the line"},
	{"passes", "people let in"},
	{"bookings", "people holding one at the end"},
	{"acknowledged", "bookings confirmed to people, also those cancelled or replaced since"},
	{"held", "people told to hold on for a moment, once or more"},
	{"failed", "people whose evening ended with an error"},
	{"was_replicas_max", "most booking servers at once"},
	{"leader_changes", "of the control plane"},
}

func merge(rush map[string]any, seen observations) report {
	r := report{}
	for key, value := range rush {
		r[key] = value
	}
	r["was_replicas_max"] = seen.WASReplicasMax
	r["leader_changes"] = seen.LeaderChanges
	r["decisions"] = seen.Decisions
	r["admission_rate"] = seen.AdmissionRate
	return r
}

// violations is an error that names each broken guarantee. A guarantee that
// was not audited is an error as well, never a pass.
func (r report) violations() error {
	var errs []error
	for _, g := range guarantees {
		switch n, ok := r[g.key].(float64); {
		case !ok:
			errs = append(errs, fmt.Errorf("%s was not audited", g.key))
		case n != 0:
			errs = append(errs, fmt.Errorf("%s: %.0f %s", g.key, n, g.means))
		}
	}
	return errors.Join(errs...)
}

type row struct{ name, value string }

func (r report) rows() []row {
	var rows []row
	for _, o := range outcomes {
		if value, ok := r[o.key]; ok {
			rows = append(rows, row{o.key, fmt.Sprintf("%v  (%s)", value, o.means)})
		}
	}
	for _, g := range guarantees {
		rows = append(rows, row{g.key, fmt.Sprintf("%v  (%s)", r[g.key], g.means)})
	}
	return rows
}

func (s *system) writeReport(r report) error {
	if s.cfg.Report == "" {
		return nil
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	path, err := filepath.Abs(s.cfg.Report)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return writeFile(path, append(raw, '\n'), 0o644)
}

// addresses lists where everything can be reached. The first column is made
// for programs too: its names stay.
func (s *system) addresses() []address {
	list := []address{
		{"citizen", s.ports.public(portCitizen) + "/"},
		{"status", s.ports.public(portOps) + "/"},
		{"ops", s.ports.public(portOps)},
		{"legacy", s.ports.public(portLegacy)},
		{"gate-private", s.ports.private(portGatePrivate)},
		{"legacy-private", s.ports.private(portLegacyPrivate)},
		{"agent-private", s.ports.private(portAgent)},
	}
	for i := range nodes {
		name := fmt.Sprintf("controlplane-%d", i+1)
		list = append(list, address{name, s.ports.public(portOps + i)},
			address{name + "-private", s.ports.private(portControlplane + i)})
	}
	return list
}

// directory is the addresses file that `ctl` and `tui` find the system by.
type directory struct {
	Citizen             string   `json:"citizen"`
	Status              string   `json:"status"`
	Legacy              string   `json:"legacy"`
	Controlplane        []string `json:"controlplane"`
	ControlplanePrivate []string `json:"controlplane_private"`
	PID                 int      `json:"pid"`
}

func (s *system) writeAddresses() error {
	raw, err := json.MarshalIndent(directory{
		Citizen:             s.ports.public(portCitizen),
		Status:              s.ports.public(portOps),
		Legacy:              s.ports.public(portLegacy),
		Controlplane:        s.each(portOps, s.ports.public),
		ControlplanePrivate: s.each(portControlplane, s.ports.private),
		PID:                 os.Getpid(),
	}, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(s.dir.join("addresses.json"), append(raw, '\n'), 0o640)
}
