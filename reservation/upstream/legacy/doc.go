// Package legacy simulates the systems Sunbeon depends on and cannot scale:
// identity (an OIDC issuer for synthetic persons), eligibility and stock. It is
// for demonstrations, tests and rehearsals and never part of a real deployment.
//
// Each system is a [Station]: requests really wait for one of its workers and
// for their share of its capacity, and past saturation it slows down the way an
// overloaded core does. A client that stops waiting does not stop the work it
// asked for, because that is what makes retry storms feed themselves. [Faults]
// change a station's behaviour at once or by a schedule.
package legacy
