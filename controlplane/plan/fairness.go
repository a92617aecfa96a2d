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

// AuditOrigins is what the names of all heads of audits begin with.
const AuditOrigins = "audit/"

// AuditOrigin names the head of a node's journal among the checkpoints.
func AuditOrigin(journal, node string) string { return AuditOrigins + journal + "/" + node }

// PublishCheckpoint is the body of checkpoint.publish. A log only grows: a
// smaller size, or the same size with another root, is refused.
type PublishCheckpoint struct {
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Root   string `json:"root"`
	Note   string `json:"note"`
}

// Bounds of the sections.
const (
	maxRevocations = 10_000
	maxCheckpoints = 256
)

// revokePass also forgets revocations of passes that have expired since.
func revokePass(d *draft, b RevokePass) error {
	if b.ID == "" || b.UntilMS <= d.ClockMS {
		return refuse(Malformed, "a revocation needs a pass that has not expired")
	}
	if err := d.unchanged(d.Passes[b.ID].Revision); err != nil {
		return err
	}
	left := make(map[string]Revocation, len(d.Passes)+1)
	for id, r := range d.Passes {
		if r.UntilMS > d.ClockMS {
			left[id] = r
		}
	}
	if len(left) >= maxRevocations {
		return refuse(TooLarge, "%d passes are revoked", len(left))
	}
	left[b.ID] = Revocation{Revision: d.now(), ID: b.ID, Reason: d.command.Reason, UntilMS: b.UntilMS}
	d.Passes = left
	return nil
}

func publishCheckpoint(d *draft, b PublishCheckpoint) error {
	before, known := d.Checkpoints[b.Origin]
	switch {
	case b.Origin == "" || b.Size < 0 || !isHash(b.Root):
		return refuse(Malformed, "a checkpoint needs an origin, a size and a root of 32 bytes")
	case len(b.Note) > MaxCheckpoint:
		return refuse(TooLarge, "a checkpoint has at most %d bytes", MaxCheckpoint)
	case !known && len(d.Checkpoints) >= maxCheckpoints:
		return refuse(TooLarge, "%d logs are known", len(d.Checkpoints))
	case b.Size < before.Size:
		return refuse(Conflict, "%s had %d entries, now %d", b.Origin, before.Size, b.Size)
	case known && b.Size == before.Size && b.Root != before.Root:
		return refuse(Conflict, "%s has another root at %d entries", b.Origin, b.Size)
	}
	put(&d.Checkpoints, b.Origin, Checkpoint{
		Revision: d.now(), Origin: b.Origin, Size: b.Size, Root: b.Root, Note: b.Note, TimeMS: d.command.TimeMS,
	})
	return nil
}
