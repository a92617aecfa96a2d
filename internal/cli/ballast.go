package cli

// ballast is memory that is kept and never touched, so that it takes none of the
// machine's. The collector lets a heap grow by its own size before it works again:
// that of most processes here is a few megabytes, which a busy one fills many times
// a second. With ballast it comes as rarely as to a heap of this size; the price is
// at most as much memory.
//
// In the control plane commands wait for the collector. In what citizens go through,
// and in what they ask, it took a sixth of the processor time.
func ballast() []byte { return make([]byte, 32<<20) }
