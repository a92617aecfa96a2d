package opsapi

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

const (
	// failureBurst wrong tokens in a row are let pass: a person with a stale
	// token in three windows is not an attack.
	failureBurst = 10
	// failureEvery is how often one more is allowed after that.
	failureEvery = 2 * time.Second
	// failureAddresses bounds the memory an attacker with many addresses can
	// take; beyond it, the addresses that waited longest are forgotten.
	failureAddresses = 4096
)

// failures counts wrong tokens by address, as a leaky bucket each: the level
// is kept as the time at which the bucket will be empty.
type failures struct {
	mu    sync.Mutex
	empty map[string]time.Time
}

func newFailures() *failures { return &failures{empty: map[string]time.Time{}} }

// wait is how long the address must be silent before its next token is looked
// at; zero or less when it may try.
func (f *failures) wait(address string, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	level := f.empty[address]
	if level.Before(now) {
		return 0
	}
	return level.Sub(now) - (failureBurst-1)*failureEvery
}

// add counts one wrong token.
func (f *failures) add(address string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.empty[address]; !known && len(f.empty) >= failureAddresses {
		f.forget(now)
	}
	level := f.empty[address]
	if level.Before(now) {
		level = now
	}
	f.empty[address] = level.Add(failureEvery)
}

// forget drops the buckets that ran empty and, where none did, the emptiest.
func (f *failures) forget(now time.Time) {
	var emptiest string
	for address, at := range f.empty {
		if !at.After(now) {
			delete(f.empty, address)
			continue
		}
		if emptiest == "" || at.Before(f.empty[emptiest]) {
			emptiest = address
		}
	}
	if len(f.empty) >= failureAddresses {
		delete(f.empty, emptiest)
	}
}

// clientAddress is where a request comes from. Of an IPv6 address it is the
// network: one customer has all that are in it.
func clientAddress(r *http.Request) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address := from.Addr().Unmap()
	if address.Is6() {
		if network, err := address.WithZone("").Prefix(64); err == nil {
			return network.String()
		}
	}
	return address.String()
}
