// Package steering decides how many people a second to admit, how many WAS to
// run and when a cohort opens. It is pure: Step maps (configuration, state,
// inputs) to the next state and the decisions taken, reads no clock, draws no
// random number and does no I/O, so that production, the twin and a stranger's
// plant drive the very same code.
//
// # The problem
//
// Between letting someone in and the load they cause lie minutes of reading and
// typing. Whoever steers by latency alone acts on what was decided minutes ago
// and swings. Steering therefore counts people: it knows exactly whom it called
// and who claimed, learns how many requests such a person makes at which age,
// and admits as many as will just fill the scarcest resource when they arrive.
//
// # One step
//
//	clock       steps that come late, and a clock that was set       (clock.go)
//	freshness   may the inputs be believed, and how far                (freshness.go)
//	inventory   people called and claimed, by age                      (history.go)
//	kernel      requests a person makes at an age, learned online      (kernel.go)
//	capacity    what each resource has proved and is believed to do    (capacity.go)
//	owed        work foreseen and not done, and work nobody foresaw     (owed.go)
//	probe       how far to go beyond what was seen, and when             (probe.go)
//	mend        what a latency says that a resource can do              (mend.go)
//	outage      what one that went dark is worth, and its restart      (outage.go)
//	forecast    the load already committed, and what one call adds     (forecast.go)
//	admission   the rate at which the tightest resource is just full   (admission.go)
//	replicas    WAS ahead of demand, never for somebody else's limit   (replicas.go)
//	cohorts     shares of the rate, and the next opening               (cohorts.go)
//	authority   modes, overrides, freezes, budgets                     (authority.go)
//	decision    the record of it, with the reason in two languages     (decision.go, because.go)
//
// # Driving it
//
// Check the configuration with Config.Validate; Step trusts it. Call Step once a
// control period with everything measured since the last call; a step may come
// late or be left out, and the clock may be set. Control.Current is what is in
// force when Step is called, and a Control without a Max admits nobody.
// Publish State.Output every time: it is what should be in force now, also when
// no decision was taken. Keep the state: a new leader that starts from it knows
// what the old one had learned. Counters in Inputs are cumulative and may start
// anywhere; gauges and rates are over the last period. A value that was not
// measured is math.NaN(), never zero; a resource that did not answer is left out,
// or told again with its greater age.
//
// ExampleStep is the smallest plant; the office in queues_test.go has WAS to start,
// backends, chance, and much that goes wrong.
package steering
