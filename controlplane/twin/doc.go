// Package twin plays an evening in virtual time: people, sessions, resources and
// faults from a scenario file, against the same steering code that runs in
// production and against the controllers it has to beat.
//
// People are counted, not simulated one by one: a step moves masses of people
// between the places they can be in, spread over time by the distributions of
// the scenario, with noise of the size that whole people would make. Twenty
// million therefore cost as much as twenty.
//
// SCENARIOS.md describes the file format, the plant and every metric.
package twin
