// Package agent runs the booking servers (WAS) of one machine: what Kubernetes
// does elsewhere.
//
// A [Pool] keeps numbered processes alive on ports of its range; an actuator
// tells it how many. It goes on with the last word it heard whatever becomes of
// the control plane. A process that dies is started again at once and then
// more and more slowly; one that will not stay up is reported as failing
// instead of being tried in a tight loop. A [Reporter] tells the control plane
// how the machine and its processes are.
package agent
