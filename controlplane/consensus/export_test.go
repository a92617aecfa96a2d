package consensus

// HandOver asks a leader to make another node the leader, as it does when it is
// stopped or removed.
func (n *Node) HandOver() { n.handOver() }
