package waitingroom

// Journal takes encoded records in the order the rooms decide them. Append
// copies the bytes, does not wait for the disk and returns the position of the
// record: positions are dense, from 0. A journal that fails must make the
// process stop; nothing is ever undone in memory.
type Journal interface {
	Append(record []byte) uint64
}
