package plan

// Revocation is a pass that must not be honoured any more.
type Revocation struct {
	Revision
	ID     string `json:"id"`
	Reason string `json:"reason"`
	// UntilMS is when the pass has expired by itself and can be forgotten.
	UntilMS int64 `json:"until_ms"`
}

// RevokePass is the body of pass.revoke; the reason is the command's.
type RevokePass struct {
	ID      string `json:"id"`
	UntilMS int64  `json:"until_ms"`
}

// Checkpoint is the latest signed head of one append-only log.
type Checkpoint struct {
	Revision
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Root   string `json:"root"` // hex
	// Note is the checkpoint in the form of C2SP tlog-checkpoint.
	Note   string `json:"note"`
	TimeMS int64  `json:"time_ms"`
}

// PublishCheckpoint is the body of checkpoint.publish. A log only grows: a
// smaller size, or the same size with another root, is refused.
type PublishCheckpoint struct {
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Root   string `json:"root"`
	Note   string `json:"note"`
}
