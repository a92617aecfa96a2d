package waitingroom

// PollStep is one row of the advice when to look at the serving document
// again: people with up to Ahead turns before them wait EveryMS, plus a random
// part of up to JitterMS. The last row has Ahead -1 and fits everybody.
type PollStep struct {
	Ahead    int64 `json:"ahead"`
	EveryMS  int64 `json:"every_ms"`
	JitterMS int64 `json:"jitter_ms"`
}
