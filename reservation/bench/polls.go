package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"sunbeon/controlplane/plan"
)

// polls measures how many people a second can look at the serving document,
// whole and unchanged, while turns are being called.
func (m *measurement) polls(ctx context.Context) error {
	if err := m.open(); err != nil {
		return err
	}
	m.say("polling")
	whole := []byte("GET /v1/serving/" + cohortID + " HTTP/1.1\r\nHost: gate\r\n\r\n")
	header, body, err := sample(ctx, m.room.address, whole, http.StatusOK)
	if err != nil {
		return err
	}
	m.report.PollBytes = len(body)
	o, err := m.run(ctx, contest{
		status: http.StatusOK, requests: m.Polls, header: header, body: body,
		request: func(int, int) []byte { return whole },
		redis:   func(_, i int) []byte { return m.redis.poll(i) },
	})
	if err != nil {
		return err
	}
	r := m.report
	r.PollsRatio, r.Polls, r.BarePolls = o.ratio, o.gate.perSecond, o.bare.perSecond
	r.PollCPU, r.BarePollCPU = o.gate.cpuMicros, o.bare.cpuMicros
	if r.Redis != nil {
		r.Redis.Polls, r.Redis.PollsRatio = o.redis.perSecond, o.redisRatio
	}
	m.say("%.0f polls a second, %.2f of the bare handler's %.0f", r.Polls, r.PollsRatio, r.BarePolls)
	return m.unchanged(ctx, whole)
}

// unchanged measures answers to those who have seen the document already.
func (m *measurement) unchanged(ctx context.Context, whole []byte) error {
	// Nobody is called any more, so the document stays as it is.
	if err := m.room.cluster.do(plan.HoldSet, plan.SetHold{Scope: cohortID}); err != nil {
		return err
	}
	time.Sleep(300 * time.Millisecond) // a render or two, until the hold shows
	header, _, err := sample(ctx, m.room.address, whole, http.StatusOK)
	if err != nil {
		return err
	}
	request := fmt.Appendf(nil, "GET /v1/serving/%s HTTP/1.1\r\nHost: gate\r\nIf-None-Match: %s\r\n\r\n", cohortID, header.Get("ETag"))
	if header, _, err = sample(ctx, m.room.address, request, http.StatusNotModified); err != nil {
		return err
	}
	o, err := m.run(ctx, contest{
		status: http.StatusNotModified, requests: m.Polls, header: header,
		request: func(int, int) []byte { return request },
	})
	if err != nil {
		return err
	}
	r := m.report
	r.NotModifiedRatio, r.NotModified, r.BareNotModified = o.ratio, o.gate.perSecond, o.bare.perSecond
	r.NotModifiedCPU, r.BareNotModifiedCPU = o.gate.cpuMicros, o.bare.cpuMicros
	m.say("%.0f answers of 304 a second, %.2f of the bare handler's %.0f", r.NotModified, r.NotModifiedRatio, r.BareNotModified)
	return nil
}

// open lets the cohort be served at a thousand turns a second.
func (m *measurement) open() error {
	c := m.room.cluster
	rate := int64(1_000_000)
	if err := c.do(plan.CohortPhase, plan.MovePhase{Cohort: cohortID, Phase: plan.Open}); err != nil {
		return err
	}
	if err := c.do(plan.AdmissionConfigure, plan.ConfigureAdmission{RateMilli: &rate, FloorMilli: &rate}); err != nil {
		return err
	}
	return c.do(plan.SegmentRenew, plan.RenewSegment{Cohort: cohortID, RateMilli: rate})
}
