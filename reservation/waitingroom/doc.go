// Package waitingroom is the line: who has a place, in which order people are
// called, and who holds a pass. It is pure: it reads no clock, draws no random
// number and touches no disk; times and fresh pass identifiers are arguments.
//
// A [Hall] holds one [Room] a cohort. A room changes only by records. Every
// change goes the same way: the room decides under its lock, encodes the
// [Record], hands it to the [Journal], applies it at once and returns the
// position the journal gave it. The caller acknowledges only when the journal
// says that position is durable:
//
//	ticket, err := room.Join(tag, nowMS)
//	if err == nil {
//		err = log.Wait(ctx, ticket.Position) // on disk, or the process must stop
//	}
//
// Memory may therefore be ahead of the disk, never behind it, and nothing that
// is only in memory is ever told to anybody. A journal that cannot write ends
// the process; [Hall.Replay] over the same records then gives the same rooms.
//
// Times are Unix milliseconds unless a name or comment says seconds.
package waitingroom
