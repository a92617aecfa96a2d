// Package credential makes and checks every token a citizen carries and every
// name a person is known by.
//
//   - [Login] says who someone is. It travels in a cookie that only the gate
//     and the WAS can open (authenticated encryption under a shared key), so
//     joining the line costs no asymmetric check.
//   - [PersonKey] turns the identity agency's identifier (CI) into the tag a
//     person has in one cohort's line and the reference they have in the
//     ledger. The identifiers can be enumerated, so both are keyed.
//   - [Ticket] is a place in the line, signed for other gates (JWT, HS256).
//   - [Pass] lets a called person in (JWT, EdDSA). Anyone can check it against
//     the published keys; [PassVerifier] does so for the WAS.
//
// Nothing here reads a clock: whoever checks a token says what time it is.
// Every check fails closed, and pins its one algorithm whatever a token's
// header claims.
package credential

import "errors"

var (
	// ErrForged is wrapped when a token is malformed, truncated, altered,
	// signed by another key or with another algorithm than the pinned one.
	ErrForged = errors.New("token is not genuine")
	// ErrExpired is wrapped when a genuine token's time is over.
	ErrExpired = errors.New("token has expired")
	// ErrOtherPerson is wrapped when a genuine token is someone else's.
	ErrOtherPerson = errors.New("token belongs to another person")
	// ErrOtherCohort is wrapped when a genuine token is for another cohort.
	ErrOtherCohort = errors.New("token belongs to another cohort")
	// ErrKeysUnavailable is wrapped when the keys to check a token with could
	// not be fetched yet. The token may be good: asking again may help.
	ErrKeysUnavailable = errors.New("verification keys are unavailable")
)
