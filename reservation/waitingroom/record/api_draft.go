// Package record is the durable journal of the waiting room: an append-only
// log of commit groups, each with a Merkle root and one signature.
package record

import (
	"context"
	"crypto/ed25519"
	"time"
)

// Config of a log.
type Config struct {
	Dir string
	// Key signs every group.
	Key ed25519.PrivateKey
	// Now is the clock of the groups' one-second times.
	Now func() time.Time
	// Committed, if set, is told of every group: its size and how long the
	// write and fsync took.
	Committed func(records int, took time.Duration)
}

// Log is the one writer of a directory.
type Log struct{}

// Recovery tells what Open found.
type Recovery struct {
	Groups, Records uint64
	DroppedBytes    int64 // of a group that was never acknowledged
	LastTime        int64 // of the last group, Unix seconds
}

// Open locks the directory, drops a torn tail, and calls replay with each
// record already there (bytes valid during the call).
// Errors: ErrLocked, ErrCorrupt.
func Open(cfg Config, replay func(position uint64, record []byte) error) (*Log, Recovery, error) {
	panic("draft")
}

// Append queues a record; Wait returns when it is on disk. Wait's error other
// than ctx's means the log is dead: the process must stop.
func (l *Log) Append(record []byte) uint64                     { panic("draft") }
func (l *Log) Wait(ctx context.Context, position uint64) error { panic("draft") }

// Failed is closed when the log has died; Err says why.
func (l *Log) Failed() <-chan struct{} { panic("draft") }
func (l *Log) Err() error              { panic("draft") }

// Receipt proves a durable record. Find looks for one from a position on.
func (l *Log) Receipt(position uint64) (Receipt, error)                          { panic("draft") }
func (l *Log) Find(from uint64, match func(record []byte) bool) (Receipt, error) { panic("draft") }
func (l *Log) Close() error                                                      { panic("draft") }

// Receipt is evidence that a record is in the log: its Merkle path to the root
// of a signed group. JSON-encodable; binary fields are base64.
type Receipt struct {
	Record    []byte   `json:"record"`
	Group     uint64   `json:"group"`
	TimeS     int64    `json:"time_s"`
	Count     uint32   `json:"count"`
	Index     uint32   `json:"index"`
	Path      [][]byte `json:"path"`
	Root      []byte   `json:"root"`
	Tree      []byte   `json:"tree"` // root over all earlier groups
	Signature []byte   `json:"signature"`
}

// Verify checks path and signature.
func (r Receipt) Verify(key ed25519.PublicKey) error { panic("draft") }

// Read streams a directory without a lock; a torn tail ends it without error.
func Read(dir string, each func(Group) error) error { panic("draft") }

// Group is one commit group.
type Group struct {
	Number    uint64
	TimeS     int64
	First     uint64 // position of its first record
	Root      [32]byte
	Tree      [32]byte
	Signature [64]byte
	Records   [][]byte // valid during the call
}

// Verify recomputes the root and checks the signature.
func (g Group) Verify(key ed25519.PublicKey) error { panic("draft") }
