package consensus

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/controlplane/plan"
)

// Metrics are read from the node when they are scraped: how far its plan is,
// and its part in the cluster.
func (n *Node) Metrics() []prometheus.Collector {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	return []prometheus.Collector{
		gauge("sunbeon_plan_index", "Raft index the node's plan is at.", func() float64 {
			_, index := n.Plan()
			return float64(index)
		}),
		gauge("sunbeon_plan_mark_index", "Raft index of the last mark: the hash nodes compare.", func() float64 {
			return float64(n.Mark().Index)
		}),
		gauge("sunbeon_plan_mark", "First 48 bits of the plan's hash at the last mark.", func() float64 {
			var head [8]byte
			if sum, err := hex.DecodeString(n.Mark().Hash); err == nil && len(sum) >= 6 {
				copy(head[2:], sum)
			}
			return float64(binary.BigEndian.Uint64(head[:]))
		}),
		gauge("sunbeon_plan_diverged", "Members the leader found to hold another plan than its own; 0 on the others.", func() float64 {
			return float64(n.Diverged())
		}),
		gauge("sunbeon_raft_leader", "1 while the node leads.", func() float64 {
			if _, leading := n.Term(); leading {
				return 1
			}
			return 0
		}),
		gauge("sunbeon_raft_term", "Current Raft term.", func() float64 {
			term, _ := n.Term()
			return float64(term)
		}),
		gauge("sunbeon_raft_leader_contact_seconds", "Time since the node heard from the leader; 0 on the leader.", func() float64 {
			return n.LeaderContact().Seconds()
		}),
		gauge("sunbeon_admission_rate", "Rate of the serving segments in force, turns per second.", func() float64 {
			p, _ := n.Plan()
			now := n.config.Now().UnixMilli()
			var milli int64
			for id, s := range p.Segments {
				switch {
				case p.Cohorts[id].Phase != plan.Open:
				case now <= s.Current.Until:
					milli += s.Current.RateMilli // also at the end of the line
				default:
					milli += s.Current.RateAt(now)
				}
			}
			return float64(milli) / 1000
		}),
		gauge("sunbeon_replicas_desired", "WAS processes that should run.", func() float64 {
			p, _ := n.Plan()
			return float64(p.ReplicasAt(n.config.Now().UnixMilli()))
		}),
		gauge("sunbeon_replicas_running", "WAS processes that report to be ready.", func() float64 {
			p, _ := n.Plan()
			ready := 0
			for _, i := range p.Instances {
				if i.Kind == plan.KindWAS && i.State == plan.Ready {
					ready++
				}
			}
			return float64(ready)
		}),
	}
}
