// Package bench measures the control plane on one machine: its writes beside
// those of three etcd, its watch, its failover and its restart.
//
// Both clusters are real processes with mutual TLS between everybody, keep
// their logs on the same disk and call nothing written before it is synced.
// Writes go through a follower, so that every one is forwarded. They are
// measured in short rounds that alternate, because the machine is never quite
// at rest, and the middle round counts.
//
// etcd is spoken to in its own protocol, gRPC, with the same number of
// connections; its JSON gateway would charge it for a translation.
package bench
