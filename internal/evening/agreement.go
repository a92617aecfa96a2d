package evening

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
)

// Who a synthetic evening is for: those of 18 to 49 in the year 2021.
const (
	birthFrom = "1972-01-01"
	birthTo   = "2003-12-31"
)

// openFor is how long a cohort stays open: from 20:00 to 18:00 the next day.
const openFor = 22 * time.Hour

// sealLead is how long before the opening the draw is sealed.
const sealLead = time.Second

// floorShare is the part of the configured rate that is safe without anyone
// watching: a gate without a control plane decays to it, and an opening under a
// new leader begins with it.
const floorShare = 0.3

// operator is the name `up` acts under when it agrees the evening beforehand.
const operator = "up"

// agree makes the control plane hold a cohort that opens after openIn, approved
// beforehand, at the configured rate and number of WAS. An evening that was
// begun and is not closed is carried on with as it stands, which the second
// result says.
func (s *system) agree(ctx context.Context, c *client.Client, now time.Time) (plan.Cohort, bool, error) {
	// A node that has only just started may not have caught up yet.
	var current struct {
		Cohorts map[string]plan.Cohort `json:"cohorts"`
	}
	if err := c.Call(ctx, http.MethodGet, "/v1/plan?consistency=linearizable", "", nil, &current); err != nil {
		return plan.Cohort{}, false, fmt.Errorf("read the plan: %w", err)
	}
	for _, id := range slices.Sorted(maps.Keys(current.Cohorts)) {
		if cohort := current.Cohorts[id]; cohort.Phase != plan.Closed {
			if s.cfg.Staging != nil {
				return plan.Cohort{}, false, fmt.Errorf("%s is not over in %s: a scenario needs a data directory of its own", id, s.dir.path)
			}
			return cohort, true, s.approve(ctx, c, cohort)
		}
	}
	cohort, err := s.timetable(fmt.Sprintf("evening-%d", len(current.Cohorts)+1), now)
	if err != nil {
		return plan.Cohort{}, false, err
	}
	rate, replicas := int64(s.cfg.Rate*1000), s.cfg.Replicas
	floor := int64(floorShare * float64(rate))
	admission, pool := plan.ConfigureAdmission{RateMilli: &rate, FloorMilli: &floor}, plan.SetReplicas{Desired: &replicas}
	if s.cfg.Staging != nil {
		s.bounds(&admission, &pool)
	}
	for _, step := range []struct {
		kind plan.Kind
		body any
	}{
		{plan.AdmissionConfigure, admission},
		{plan.ReplicasSet, pool},
		{plan.CohortDefine, plan.DefineCohort{Cohort: cohort}},
	} {
		if err := submit(ctx, c, step.kind, step.body); err != nil {
			return plan.Cohort{}, false, err
		}
	}
	return cohort, false, s.approve(ctx, c, cohort)
}

// approve accepts what the preflight of a synthetic evening cannot show: nobody
// has tried break-glass or walked test persons through, and booking servers are
// only starting. The plan keeps that it did.
func (s *system) approve(ctx context.Context, c *client.Client, cohort plan.Cohort) error {
	if len(cohort.ApprovedBy) > 0 {
		return nil
	}
	var preflight struct {
		Checks []struct{ Name, Answer string }
	}
	if err := c.Call(ctx, http.MethodGet, "/v1/preflight/"+cohort.ID+"?consistency=linearizable", "", nil, &preflight); err != nil {
		return fmt.Errorf("read the preflight: %w", err)
	}
	var accept []string
	for _, check := range preflight.Checks {
		if check.Answer != "pass" {
			accept = append(accept, check.Name)
		}
	}
	return submit(ctx, c, plan.CohortApprove, plan.ApproveCohort{Cohort: cohort.ID, Accept: accept})
}

// timetable makes tonight's cohort: the lobby at once, the seal just before
// the opening. The secret of its draw stays in the key directory; the plan
// gets the commitment.
func (s *system) timetable(id string, now time.Time) (plan.Cohort, error) {
	opens := now.Add(s.cfg.OpenIn)
	cohort := plan.Cohort{
		ID:        id,
		Name:      map[string]string{"ko": "1972–2003년생 백신 예약", "en": "Vaccination, born 1972 to 2003"},
		BirthFrom: birthFrom,
		BirthTo:   birthTo,
		LobbyMS:   now.UnixMilli(),
		OpenMS:    opens.UnixMilli(),
		CloseMS:   opens.Add(openFor).UnixMilli(),
		Order:     s.cfg.Order,
		Weight:    1,
	}
	if s.cfg.Order == plan.OrderDraw {
		secret, err := s.dir.secret(filepath.Join("keys", "draw-"+id+".secret"))
		if err != nil {
			return plan.Cohort{}, err
		}
		commitment := sha256.Sum256(secret)
		cohort.DrawMode = plan.DrawSecret
		cohort.Commitment = hex.EncodeToString(commitment[:])
		cohort.SealMS = opens.Add(-min(sealLead, s.cfg.OpenIn/2)).UnixMilli()
	}
	return cohort, nil
}

func submit(ctx context.Context, c *client.Client, kind plan.Kind, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	result, err := c.Submit(ctx, plan.Command{Kind: kind, Actor: operator, Reason: "tonight's timetable", Body: raw})
	if err != nil {
		return err
	}
	if !result.OK {
		return fmt.Errorf("%s was refused: %s: %s", kind, result.Code, result.Detail)
	}
	return nil
}
