// Package fairness lets anybody check the line from public data alone: signed
// checkpoints of the record, proofs that it only grew, and a verifier that
// replays every record with suspicion. FORMAT.md beside the waiting room gives
// the bytes, for whoever would rather trust a verifier of their own.
package fairness
