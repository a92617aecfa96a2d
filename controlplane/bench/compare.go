package bench

import (
	"context"
	"fmt"
	"time"

	"sunbeon/controlplane/plan"
)

// Comparison of writes through a follower, round by round.
type Comparison struct {
	Clients int       `json:"clients"`
	Sunbeon []Latency `json:"sunbeon"`
	Etcd    []Latency `json:"etcd,omitempty"`
}

// compare measures both clusters in turns. Which goes first alternates too.
func compare(ctx context.Context, c *cluster, e *etcd, s Settings) (Comparison, error) {
	out := Comparison{Clients: s.Clients}
	leader, err := c.leader(ctx)
	if err != nil {
		return out, err
	}
	hour := time.Now().Add(time.Hour)
	err = c.order(ctx, plan.CohortDefine, plan.DefineCohort{Cohort: plan.Cohort{
		ID: measured, BirthFrom: "1972-01-01", BirthTo: "2003-12-31", Order: plan.OrderFirstCome,
		LobbyMS: hour.UnixMilli(), OpenMS: hour.UnixMilli(), CloseMS: hour.Add(time.Hour).UnixMilli(),
	}})
	if err != nil {
		return out, err
	}
	ours, err := sunbeonWriters(c, (leader+1)%nodes, s.Clients)
	if err != nil {
		return out, err
	}
	contest := []contestant{{"sunbeon", ours, &out.Sunbeon}}
	if e != nil {
		follower, err := e.follower(ctx)
		if err != nil {
			return out, err
		}
		theirs, err := etcdWriters(e, follower, s.Clients)
		if err != nil {
			return out, err
		}
		contest = append(contest, contestant{"etcd", theirs, &out.Etcd})
	}
	for n := -1; n < s.Rounds; n++ { // the first warms up and does not count
		for i := range contest {
			k := contest[(i+max(n, 0))%len(contest)]
			latency, err := round(ctx, k.writers, s.Round)
			if err != nil {
				return out, fmt.Errorf("write to %s: %w", k.name, err)
			}
			if n >= 0 {
				*k.rounds = append(*k.rounds, latency)
			}
		}
	}
	return out, nil
}

type contestant struct {
	name    string
	writers []writer
	rounds  *[]Latency
}
