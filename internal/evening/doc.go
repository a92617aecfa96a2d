// Package evening runs a whole opening evening on one machine: it makes the
// data directory, starts every process of the system as a child of its own,
// agrees a cohort with the control plane, sends synthetic citizens through it
// and writes down what came of it. `sunbeon up` is this package.
//
// Everything a process needs reaches it as a flag: the processes know nothing
// of the data directory's layout, nor of one another beyond addresses, and run
// the same way on machines of their own.
package evening
