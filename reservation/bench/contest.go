package bench

import (
	"context"
	"fmt"
	"net/http"
)

// contest is a kind of request that the gate, a bare handler that answers as
// much, and perhaps the usual room are asked in turn.
type contest struct {
	status, requests int
	header           http.Header
	body             []byte
	// request is the i-th of a round, and redis the same for the usual room,
	// nil to leave it out.
	request, redis func(round, i int) []byte
}

// outcome has the middle of all rounds; ratios are to the bare handler of the
// same round.
type outcome struct {
	gate, bare, redis rate
	ratio, redisRatio float64
}

func (m *measurement) run(ctx context.Context, c contest) (outcome, error) {
	address, stop, err := bare(c.status, c.header, c.body)
	if err != nil {
		return outcome{}, err
	}
	defer stop()
	contestants := []struct {
		name, address string
		request       func(round, i int) []byte
	}{{"bare handler", address, c.request}, {"gate", m.room.address, c.request}}
	if m.redis != nil && c.redis != nil {
		contestants = append(contestants, struct {
			name, address string
			request       func(round, i int) []byte
		}{"redis room", m.redis.address, c.redis})
	}
	perSecond, cpu, ratio := make([][]float64, 3), make([][]float64, 3), make([][]float64, 3)
	for round := range m.Rounds {
		for i, who := range contestants {
			r, err := load(ctx, who.address, m.Connections, c.requests, c.status,
				func(i int) []byte { return who.request(round, i) })
			if err != nil {
				return outcome{}, fmt.Errorf("%s: %w", who.name, err)
			}
			perSecond[i], cpu[i] = append(perSecond[i], r.perSecond), append(cpu[i], r.cpuMicros)
			ratio[i] = append(ratio[i], r.perSecond/perSecond[0][round])
		}
	}
	o := outcome{ratio: middle(ratio[1]), redisRatio: middle(ratio[2])}
	for i, to := range []*rate{&o.bare, &o.gate, &o.redis} {
		*to = rate{middle(perSecond[i]), middle(cpu[i])}
	}
	return o, nil
}
