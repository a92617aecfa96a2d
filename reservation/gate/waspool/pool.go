// Package waspool carries requests to whichever booking server (WAS) can take
// them. A [Pool] is an [http.RoundTripper]: it picks a server, notices the
// ones that do not answer and, where that cannot do anything twice, asks
// another one.
package waspool

import (
	"hash/maphash"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// shun is how long a server that refused or broke a connection is passed
// over. A restarted process is back within about that time.
const shun = time.Second

// Server is a booking server as the plan lists it.
type Server struct {
	ID string
	// URL is its base address, https://host:port.
	URL string
	// Failing servers are used only while no other can be.
	Failing bool
}

// Config says how a pool reaches its servers.
type Config struct {
	// Transport makes one attempt; see [Transport].
	Transport http.RoundTripper
	// Now is the clock.
	Now func() time.Time
	// Home names whose request it is: one server gets all of a person's, which
	// spares the register their question, as long as it is not much busier than
	// others. Empty, or nil, is nobody's. Optional.
	Home func(*http.Request) string
	// Failed hears of each attempt that got no answer. Optional.
	Failed func(id string, err error)
}

// Pool spreads requests over the servers. It is safe for concurrent use.
type Pool struct {
	config  Config
	seed    maphash.Seed
	members atomic.Pointer[[]*member]
}

// member is a server with what the pool knows of its health.
type member struct {
	Server
	scheme, host string
	place        uint64 // among the servers, for who is at home here
	inflight     atomic.Int64
	shunned      atomic.Int64 // Unix milliseconds until which to pass it over
}

// New returns a pool without servers.
func New(config Config) *Pool {
	p := &Pool{config: config, seed: maphash.MakeSeed()}
	p.members.Store(&[]*member{})
	return p
}

// Set replaces the servers. Those that stay keep what is known of them. It
// must not be called concurrently with itself.
func (p *Pool) Set(servers []Server) {
	known := map[string]*member{}
	for _, m := range *p.members.Load() {
		known[m.ID] = m
	}
	members := make([]*member, 0, len(servers))
	for _, s := range servers {
		scheme, host, ok := strings.Cut(strings.TrimSuffix(s.URL, "/"), "://")
		if !ok || host == "" {
			continue
		}
		if m, ok := known[s.ID]; ok && m.Server == s {
			members = append(members, m)
			continue
		}
		members = append(members, &member{Server: s, scheme: scheme, host: host, place: maphash.String(p.seed, s.ID)})
	}
	p.members.Store(&members)
}

// Len is how many servers the pool has.
func (p *Pool) Len() int { return len(*p.members.Load()) }

// Serves reports whether any server can be used right now.
func (p *Pool) Serves() bool { return p.pick(0, nil) != nil }

// home is where a request belongs, or 0.
func (p *Pool) home(r *http.Request) uint64 {
	if p.config.Home == nil {
		return 0
	}
	name := p.config.Home(r)
	if name == "" {
		return 0
	}
	return maphash.String(p.seed, name)
}

// near is how many requests the server at home may have under way beyond one and
// a half times those of another.
const near = 8

// pick returns the server at home or, where that is much the busier, the less
// busy of two random servers, which spreads load nearly as well as asking all of
// them. It passes over those tried and those shunned, and returns nil when none
// is left.
func (p *Pool) pick(home uint64, tried []*member) *member {
	spread, at := p.sample(home, tried)
	if at == nil || at == spread {
		return spread
	}
	if busy := spread.inflight.Load(); at.inflight.Load() <= busy+busy/2+near {
		return at
	}
	return spread
}

// sample returns the less busy of two random servers, and the one at home.
func (p *Pool) sample(home uint64, tried []*member) (spread, at *member) {
	now := p.config.Now().UnixMilli()
	members := *p.members.Load()
	for _, failing := range []bool{false, true} {
		var chosen [2]*member
		var best uint64
		seen := 0
		for _, m := range members {
			if m.Failing != failing || m.shunned.Load() > now || slices.Contains(tried, m) {
				continue
			}
			if here := scatter(home ^ m.place); home != 0 && here >= best {
				best, at = here, m
			}
			// A sample of two, each pair equally likely, in one pass.
			if seen++; seen <= 2 {
				chosen[seen-1] = m
			} else if i := rand.IntN(seen); i < 2 {
				chosen[i] = m
			}
		}
		switch {
		case seen == 1:
			return chosen[0], at
		case seen > 1 && chosen[1].inflight.Load() < chosen[0].inflight.Load():
			return chosen[1], at
		case seen > 1:
			// A tie goes either way, or the first in the list would get
			// nearly everything while the evening is quiet.
			if chosen[1].inflight.Load() == chosen[0].inflight.Load() && rand.IntN(2) == 1 {
				return chosen[1], at
			}
			return chosen[0], at
		}
	}
	return nil, nil
}

// scatter mixes bits, so that the greatest of a person's values is at each server
// equally often and stays there when others come and go (the finalizer of
// SplitMix64).
func scatter(v uint64) uint64 {
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}
