package tui

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
	"sunbeon/tui/components"
	"sunbeon/tui/live"
)

// action is a change an operator can ask for: what it needs to know, what it
// would do, and the request that does it.
type action struct {
	title, do string
	fields    []components.Field
	effect    func(values map[string]string) string
	request   func(values map[string]string) (request, error)
}

// request is one change of the ops API.
type request struct {
	method, path string
	body         map[string]any
	did          string // what to say when it was done
}

var errNoReason = errors.New("say why: the reason is kept with the change")

func reasonField(value string) components.Field {
	return components.Field{Name: "reason", Label: "reason", Value: value, Hint: "kept with the change"}
}

func lastingField(value string) components.Field {
	return components.Field{Name: "for", Label: "for", Value: value, Hint: "10m"}
}

// lasting reads how long something stands.
func lasting(values map[string]string) (time.Duration, error) {
	d, err := time.ParseDuration(values["for"])
	if err != nil || d < time.Second || d > 24*time.Hour {
		return 0, fmt.Errorf("%q is not a time between 1s and 24h, such as 10m", values["for"])
	}
	return d, nil
}

// change makes the request of a change that has a body. Seen is the index the
// operator looked at when the dialog opened: what changed since is not
// overwritten unawares.
func change(method, path string, seen uint64, values map[string]string, more map[string]any, did string) (request, error) {
	if values["reason"] == "" {
		return request{}, errNoReason
	}
	body := map[string]any{"reason": values["reason"], "seen": seen}
	maps.Copy(body, more)
	return request{method, path, body, did}, nil
}

// end makes the request that takes something away.
func end(path string, seen uint64, values map[string]string, did string) (request, error) {
	if values["reason"] == "" {
		return request{}, errNoReason
	}
	query := url.Values{"reason": {values["reason"]}, "seen": {strconv.FormatUint(seen, 10)}}
	return request{http.MethodDelete, path + "?" + query.Encode(), nil, did}, nil
}

// overrideRate sets the admission rate until an expiry.
func overrideRate(s *live.State, rate, duration, reason string) action {
	p, seen, total := s.Plan(), s.View.Index, live.Total(s.Standings())
	now := s.Now
	if duration == "" {
		duration = "10m"
	}
	return action{
		title: "Override the admission rate", do: "Override",
		fields: []components.Field{
			{Name: "rate", Label: "turns/s", Value: rate, Hint: "now " + figures.RateNumber(total.RateMilli)},
			reasonField(reason), lastingField(duration),
		},
		effect: func(values map[string]string) string {
			milli, err := readRate(values["rate"])
			if err != nil {
				return "Name a rate. " + drain(total, total.RateMilli, now, "As it is now")
			}
			if milli < p.Admission.MinMilli || milli > p.Admission.MaxMilli {
				return fmt.Sprintf("Refused: the rate is bounded by %s and %s.", figures.Rate(p.Admission.MinMilli), figures.Rate(p.Admission.MaxMilli))
			}
			return fmt.Sprintf("The rate goes from %s to %s within a second or two and steering is set aside until the expiry. %s %s",
				figures.Rate(total.RateMilli), figures.Rate(milli), drain(total, milli, now, "Then"), drain(total, total.RateMilli, now, "Without it"))
		},
		request: func(values map[string]string) (request, error) {
			milli, err := readRate(values["rate"])
			if err != nil {
				return request{}, err
			}
			d, err := lasting(values)
			if err != nil {
				return request{}, err
			}
			return change(http.MethodPut, "/v1/overrides/admission", seen, values,
				map[string]any{"value": milli, "for_ms": d.Milliseconds()},
				fmt.Sprintf("admission overridden with %s for %s", figures.Rate(milli), d))
		},
	}
}

func readRate(text string) (milli int64, err error) {
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil || rate < 0 || rate > 1e9 {
		return 0, fmt.Errorf("%q is not a rate in turns per second", text)
	}
	return int64(math.Round(rate * 1000)), nil
}

// drain says when everyone now waiting will have been called at a rate.
func drain(t live.Totals, milli int64, now time.Time, when string) string {
	switch {
	case t.Waiting == 0:
		return when + " nobody waits."
	case milli == 0:
		return fmt.Sprintf("%s the %s waiting are not called at all.", when, figures.Count(t.Waiting))
	}
	wait := time.Duration(float64(t.Waiting) / float64(milli) * 1000 * float64(time.Second))
	if wait > 1000*time.Hour {
		return fmt.Sprintf("%s calling the %s waiting takes weeks.", when, figures.Count(t.Waiting))
	}
	return fmt.Sprintf("%s the %s now waiting are called in %s, by %s.", when, figures.Count(t.Waiting),
		figures.Age(wait), figures.Moment(now.Add(wait).UnixMilli(), now, now.Location()))
}

// handBack ends the override of the admission rate.
func handBack(s *live.State, reason string) (action, error) {
	o, ok := s.Plan().OverrideAt(plan.TargetAdmission, s.NowMS())
	if !ok {
		return action{}, errors.New("the admission rate is not overridden")
	}
	seen := s.View.Index
	if reason == "" {
		reason = "no longer needed"
	}
	return action{
		title: "Hand the admission rate back to steering", do: "Hand back",
		fields: []components.Field{reasonField(reason)},
		effect: func(map[string]string) string {
			return fmt.Sprintf("The override of %s by %s (%s) ends now. Steering goes on from that rate and moves as it sees fit; without steering it is the configured %s.",
				figures.Rate(o.Value), o.Owner, o.Reason, figures.Rate(s.Plan().Admission.RateMilli))
		},
		request: func(values map[string]string) (request, error) {
			return end("/v1/overrides/admission", seen, values, "admission handed back to steering")
		},
	}, nil
}

// hold stops admission. The reason may follow: stopping must not wait for
// words.
func hold(s *live.State, scope, reason string) action {
	if reason == "" {
		reason = "stopped from the terminal; reason follows"
	}
	total := live.Total(affected(s, scope))
	return action{
		title: "Hold admission: " + scope, do: "Hold",
		fields: []components.Field{reasonField(reason)},
		effect: func(map[string]string) string {
			return fmt.Sprintf("Nobody more is called, at once (now %s). The %s waiting keep their places; the %s already called may still come in and book.",
				figures.Rate(total.RateMilli), figures.Count(total.Waiting), figures.Count(total.Called))
		},
		request: func(values map[string]string) (request, error) {
			return change(http.MethodPut, "/v1/holds/"+url.PathEscape(scope), s.View.Index, values, nil, scope+" on hold")
		},
	}
}

func affected(s *live.State, scope string) []standing.Standing {
	if scope == plan.All {
		return s.Standings()
	}
	one, ok := standing.Of(s.Plan(), scope, s.NowMS())
	if !ok {
		return nil
	}
	return []standing.Standing{one}
}

// release ends a hold.
func release(s *live.State, scope, reason string) (action, error) {
	h, ok := s.Plan().Holds[scope]
	if !ok {
		return action{}, fmt.Errorf("%s is not on hold", scope)
	}
	seen, total := s.View.Index, live.Total(affected(s, scope))
	return action{
		title: "Release the hold on " + scope, do: "Release",
		fields: []components.Field{reasonField(reason)},
		effect: func(map[string]string) string {
			return fmt.Sprintf("The hold %s set (%s) ends and calling goes on where it stopped: %s are waiting and %s were called and have not come in yet.",
				h.Owner, h.Reason, figures.Count(total.Waiting), figures.Count(total.Called))
		},
		request: func(values map[string]string) (request, error) {
			return end("/v1/holds/"+url.PathEscape(scope), seen, values, scope+" released")
		},
	}, nil
}

// freeze keeps the controllers from raising anything.
func freeze(s *live.State, duration, reason string) action {
	if duration == "" {
		duration = "10m"
	}
	seen := s.View.Index
	return action{
		title: "Freeze the controllers", do: "Freeze",
		fields: []components.Field{reasonField(reason), lastingField(duration)},
		effect: func(map[string]string) string {
			return "The controllers go on lowering where they must, but raise neither the rate nor the number of WAS until the expiry. What is in force stays in force."
		},
		request: func(values map[string]string) (request, error) {
			d, err := lasting(values)
			if err != nil {
				return request{}, err
			}
			return change(http.MethodPut, "/v1/freezes/"+plan.All, seen, values,
				map[string]any{"for_ms": d.Milliseconds()}, fmt.Sprintf("controllers frozen for %s", d))
		},
	}
}

// unfreeze lets the controllers steer again.
func unfreeze(s *live.State, reason string) (action, error) {
	f, ok := s.Plan().Freezes[plan.All]
	if !ok {
		return action{}, errors.New("the controllers are not frozen")
	}
	seen := s.View.Index
	return action{
		title: "Unfreeze the controllers", do: "Unfreeze",
		fields: []components.Field{reasonField(reason)},
		effect: func(map[string]string) string {
			return fmt.Sprintf("The freeze %s set (%s) ends; the controllers may raise again as they see fit.", f.Owner, f.Reason)
		},
		request: func(values map[string]string) (request, error) {
			return end("/v1/freezes/"+plan.All, seen, values, "controllers unfrozen")
		},
	}, nil
}

// movePhase pauses or resumes a cohort.
func movePhase(s *live.State, cohort, verb, reason string) action {
	total, seen := live.Total(affected(s, cohort)), s.View.Index
	effect := fmt.Sprintf("Calling stops; the %s waiting keep their places and the public page says that the line is paused.", figures.Count(total.Waiting))
	did := cohort + " paused"
	if verb == "resume" {
		effect = fmt.Sprintf("Calling goes on where it stopped, for the %s waiting.", figures.Count(total.Waiting))
		did = cohort + " resumed"
	}
	return action{
		title: "Cohort " + cohort + ": " + verb, do: verb,
		fields: []components.Field{reasonField(reason)},
		effect: func(map[string]string) string { return effect },
		request: func(values map[string]string) (request, error) {
			return change(http.MethodPost, "/v1/cohorts/"+url.PathEscape(cohort)+"/"+verb, seen, values, nil, did)
		},
	}
}
