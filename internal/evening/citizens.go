package evening

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"sunbeon/internal/supervise"
	"sunbeon/reservation/rush"
)

// auditGrace is how long the rush may take, once told to stop, to let requests
// in flight finish and to audit what was acknowledged.
const auditGrace = 2 * time.Minute

// citizens is the rush, as a process of its own.
type citizens struct {
	process     *supervise.Process
	report, log string
}

// send starts the synthetic citizens. They stop by themselves after lasts,
// where it is not zero.
func (s *system) send(cohort string, lasts time.Duration) (*citizens, error) {
	c := &citizens{report: s.dir.join("rush", "report.json")}
	if err := os.Remove(c.report); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the last report: %w", err)
	}
	crowd := []string{"--people", strconv.Itoa(s.cfg.People), "--think", s.cfg.Think.String(), "--at-once", strconv.Itoa(s.cfg.AtOnce)}
	if s.cfg.Staging != nil {
		crowd = []string{"--script", s.dir.join("scenario", "script.json")}
	}
	spec := s.child("rush", 0, append([]string{
		"rush",
		"--gate", s.ports.public(portCitizen),
		"--legacy", s.ports.public(portLegacy),
		"--seed", strconv.FormatUint(s.cfg.Seed, 10),
		"--for", lasts.String(),
		"--cohort", cohort,
		"--data", s.dir.path,
		"--report", c.report,
	}, crowd...)...).spec
	process, err := supervise.Start(spec)
	if err != nil {
		return nil, err
	}
	c.process, c.log = process, spec.LogFile
	return c, nil
}

// stop ends the rush and waits for its audit.
func (c *citizens) stop() { c.process.Stop(auditGrace) }

// result reads the rush's report. A rush that found a violation ends with an
// error and still has a report; one that died has none.
func (c *citizens) result() (map[string]any, error) {
	raw, err := os.ReadFile(c.report)
	if err != nil {
		return nil, fmt.Errorf("the rush ended without a report: %s", lastWords(c.log, c.process.Err()))
	}
	var report map[string]any
	if err := json.Unmarshal(raw, &report); err != nil {
		return nil, fmt.Errorf("read the report of the rush: %w", err)
	}
	return report, nil
}

// told is the rush's report in its own words.
func (c *citizens) told() (rush.Report, error) {
	var r rush.Report
	raw, err := os.ReadFile(c.report)
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		return r, fmt.Errorf("read the report of the rush: %w", err)
	}
	return r, nil
}
