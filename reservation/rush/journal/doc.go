// Package journal keeps what servers acknowledged to synthetic citizens: one
// JSON document a line, appended. It is the witness the audit believes: what
// stands here and not in the ledger or the line's record was lost.
//
// It is flushed often but not synced: it guards against losing a server's
// word, not against losing the load generator's machine.
package journal
