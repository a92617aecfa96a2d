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
	m.report.Polls, m.report.BarePolls, m.report.PollsRatio, err =
		m.contest(ctx, http.StatusOK, header, body, func(int) []byte { return whole })
	if err != nil {
		return err
	}
	m.say("%.0f polls a second, %.2f of the bare handler's %.0f", m.report.Polls, m.report.PollsRatio, m.report.BarePolls)
	// Nobody is called any more, so the document stays as it is.
	if err := m.room.cluster.do(plan.HoldSet, plan.SetHold{Scope: cohortID}); err != nil {
		return err
	}
	time.Sleep(300 * time.Millisecond) // a render or two, until the hold shows
	if header, _, err = sample(ctx, m.room.address, whole, http.StatusOK); err != nil {
		return err
	}
	unchanged := fmt.Appendf(nil, "GET /v1/serving/%s HTTP/1.1\r\nHost: gate\r\nIf-None-Match: %s\r\n\r\n", cohortID, header.Get("ETag"))
	if header, _, err = sample(ctx, m.room.address, unchanged, http.StatusNotModified); err != nil {
		return err
	}
	m.report.NotModified, m.report.BareNotModified, m.report.NotModifiedRatio, err =
		m.contest(ctx, http.StatusNotModified, header, nil, func(int) []byte { return unchanged })
	if err == nil {
		m.say("%.0f answers of 304 a second, %.2f of the bare handler's %.0f",
			m.report.NotModified, m.report.NotModifiedRatio, m.report.BareNotModified)
	}
	return err
}

// contest asks the gate, the bare handler and, for whole documents, the usual
// room in turn.
func (m *measurement) contest(ctx context.Context, status int, header http.Header, body []byte, request func(int) []byte) (ours, theirs, ratio float64, err error) {
	address, stop, err := bare(status, header, body)
	if err != nil {
		return 0, 0, 0, err
	}
	defer stop()
	withRedis := m.redis != nil && status == http.StatusOK
	var o, b, ratios, r, redisRatios []float64
	for range m.Rounds {
		one, err := load(ctx, address, m.Connections, m.Polls, status, request)
		if err != nil {
			return 0, 0, 0, fmt.Errorf("bare handler: %w", err)
		}
		other, err := load(ctx, m.room.address, m.Connections, m.Polls, status, request)
		if err != nil {
			return 0, 0, 0, fmt.Errorf("gate: %w", err)
		}
		b, o, ratios = append(b, one), append(o, other), append(ratios, other/one)
		if withRedis {
			usual, err := load(ctx, m.redis.address, m.Connections, m.Polls, status, m.redis.poll)
			if err != nil {
				return 0, 0, 0, fmt.Errorf("redis room: %w", err)
			}
			r, redisRatios = append(r, usual), append(redisRatios, usual/one)
		}
	}
	if withRedis {
		m.report.Redis.Polls, m.report.Redis.PollsRatio = middle(r), middle(redisRatios)
	}
	return middle(o), middle(b), middle(ratios), nil
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
