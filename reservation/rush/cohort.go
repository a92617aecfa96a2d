package rush

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"sunbeon/internal/problem"
	"sunbeon/reservation/rush/population"
	"sunbeon/reservation/waitingroom"
)

// cohort is what the gate announces of one, as far as a crowd needs it.
type cohort struct {
	ID         string            `json:"id"`
	Phase      waitingroom.Phase `json:"phase"`
	BirthFrom  string            `json:"birth_from"`
	BirthTo    string            `json:"birth_to"`
	LastDigits []int             `json:"last_digits"`
	LobbyMS    int64             `json:"lobby_ms"`
	OpenMS     int64             `json:"open_ms"`
}

// announceWait is how long a gate that is still starting may take until it
// knows its cohorts.
const announceWait = 30 * time.Second

// findCohort asks the gate for the cohort named id, or the first not closed.
func findCohort(ctx context.Context, c *client, gate url.URL, id string) (cohort, error) {
	ctx, cancel := context.WithTimeout(ctx, announceWait)
	defer cancel()
	gate.Path += "/v1/cohorts"
	for {
		var list struct {
			Cohorts []cohort `json:"cohorts"`
		}
		_, err := c.ask(ctx, question{route: "GET /v1/cohorts", url: gate, meant: time.Now()}, &list)
		if err == nil {
			i := slices.IndexFunc(list.Cohorts, func(c cohort) bool {
				return c.ID == id || id == "" && c.Phase != waitingroom.Closed
			})
			if i >= 0 {
				return list.Cohorts[i], nil
			}
			err = fmt.Errorf("of the %d it announces none is %s", len(list.Cohorts), cmp.Or(id, "still to come or open"))
		}
		var p *problem.Problem
		if errors.As(err, &p) && p.Status/100 == 4 {
			return cohort{}, fmt.Errorf("ask the gate for its cohorts: %w", err)
		}
		select {
		case <-ctx.Done():
			return cohort{}, fmt.Errorf("ask the gate for its cohorts: %w", err)
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// spec is the crowd that belongs to the cohort.
func (c cohort) spec(outsiders, foreigners float64) (population.Spec, error) {
	from, err := time.Parse(time.DateOnly, c.BirthFrom)
	if err != nil {
		return population.Spec{}, fmt.Errorf("cohort %s: first day of birth: %w", c.ID, err)
	}
	to, err := time.Parse(time.DateOnly, c.BirthTo)
	if err != nil {
		return population.Spec{}, fmt.Errorf("cohort %s: last day of birth: %w", c.ID, err)
	}
	return population.Spec{
		BirthFrom: from, BirthTo: to, LastDigits: c.LastDigits,
		Outsiders: outsiders, Foreigners: foreigners,
	}, nil
}
