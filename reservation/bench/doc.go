// Package bench measures the waiting room on one machine: how many people a
// second can take a place and look at the serving number over HTTP, what a
// waiting person costs in memory and on disk, how long a restart and a draw
// take.
//
// What is measured is the gate itself, with its record on disk: a join counts
// when its answer has come, so after its fsync. The yardstick is a bare
// net/http handler that answers the same number of bytes, and, where
// redis-server is installed, the usual room: a sorted set in Redis, without
// persistence. All are asked by the same clients over loopback, in short rounds
// that alternate, because the machine is never quite at rest; the middle round
// counts. Clients and servers share the processors.
package bench
