// Package record is the durable log of the waiting room. It knows nothing of
// lines and passes: it takes opaque records and makes them durable, provable
// and readable by anyone.
//
// Records that arrive while the previous fsync runs form the next commit
// group. A group is written and synced as one, then everyone who waits for one
// of its records is released together: no record costs a goroutine, a channel
// or an fsync of its own. A record nobody waits for begins no group before a
// short lull is over, and usually rides along with one that somebody waits for.
//
// Every group carries the RFC 6962 root over its records, the root over all
// groups before it, and one Ed25519 signature over both. A [Receipt] is a
// record's path to that root: evidence that stays valid against whatever the
// log's owner may show later.
//
// What can go wrong is decided here, once:
//   - A crash leaves at most one group half-written. It was never
//     acknowledged, and [Open] drops it.
//   - Damage anywhere else is [ErrCorrupt]; nothing is skipped or repaired.
//   - A write or fsync that fails, a full disk included, ends the log for
//     good: [Log.Failed] closes, and the process must stop, because what its
//     memory holds may not be on the disk.
package record
