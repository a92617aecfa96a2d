package bench

import (
	"context"
	"crypto/ed25519"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/record"
)

// fill puts everybody in line without HTTP, through the room and its durable
// record, and measures what they take.
func (m *measurement) fill(ctx context.Context) error {
	m.say("filling a line of %d people", m.People)
	keys, err := makeKeys(m.Dir)
	if err != nil {
		return err
	}
	runtime.MemProfileRate = 0 // the profile's own tables would be counted
	before, err := resident()
	if err != nil {
		return err
	}
	hall, log, err := m.enter(ctx, keys)
	if err != nil {
		return err
	}
	after, err := resident()
	runtime.KeepAlive(hall)
	if err := errors.Join(err, log.Close()); err != nil {
		return err
	}
	disk, err := size(recordDir(m.Dir))
	if err != nil {
		return err
	}
	m.report.MemoryBytesPerPerson = float64(after-before) / float64(m.People)
	m.report.DiskBytesPerPerson = float64(disk) / float64(m.People)
	m.say("%.0f joins a second; %.1f bytes of memory and %.1f of disk a person",
		m.report.FillPerS, m.report.MemoryBytesPerPerson, m.report.DiskBytesPerPerson)
	return nil
}

// enter gives everybody a place. Nobody waits alone for an fsync here, so the
// record decides how fast it goes.
func (m *measurement) enter(ctx context.Context, key ed25519.PrivateKey) (*waitingroom.Hall, *record.Log, error) {
	hall := waitingroom.NewHall()
	log, _, err := record.Open(record.Config{Dir: recordDir(m.Dir), Key: key, Now: time.Now}, hall.Replay)
	if err != nil {
		return nil, nil, err
	}
	hall.Start(log)
	now := time.Now()
	room, err := hall.Define(announced(now), now.UnixMilli())
	if err == nil {
		_, err = room.MovePhase(waitingroom.Lobby, now.UnixMilli())
	}
	random := rand.NewChaCha8([32]byte{1})
	var last uint64
	for i := 0; i < m.People && err == nil; i++ {
		var tag waitingroom.Tag
		random.Read(tag[:]) // never fails
		var ticket waitingroom.Ticket
		if ticket, err = room.Join(tag, now.UnixMilli()); err == nil {
			last = ticket.Position
		}
		// A journal that runs far behind would be counted as memory.
		if i%fillAhead == fillAhead-1 && err == nil {
			err = log.Wait(ctx, last-fillAhead/2)
		}
	}
	if err == nil {
		err = log.Wait(ctx, last)
	}
	if err != nil {
		return nil, nil, errors.Join(err, log.Close())
	}
	m.report.FillPerS = float64(m.People) / time.Since(now).Seconds()
	return hall, log, nil
}

// fillAhead is how many places are given out before the disk is waited for.
const fillAhead = 1 << 16

// announced is the lobby everything is measured in.
func announced(now time.Time) waitingroom.Cohort {
	c := cohort(now)
	return waitingroom.Cohort{
		ID: c.ID, Order: waitingroom.Draw, DrawMode: waitingroom.SecretDraw, Commitment: c.Commitment,
		LobbyMS: c.LobbyMS, SealMS: c.SealMS, OpenMS: c.OpenMS, CloseMS: c.CloseMS, PassMS: 1,
	}
}

// resident is the resident set of this process after a collection, in bytes.
func resident() (int64, error) {
	debug.FreeOSMemory()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(raw), "VmRSS:")
	text, _, ok := strings.Cut(strings.TrimSpace(rest), " kB")
	if !ok {
		return 0, errors.New("no resident set in /proc/self/status")
	}
	kib, err := strconv.ParseInt(text, 10, 64)
	return kib << 10, err
}

func size(dir string) (sum int64, err error) {
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		info, failed := entry.Info()
		if failed != nil {
			return 0, failed
		}
		sum += info.Size()
	}
	return sum, err
}

func recordDir(dir string) string { return filepath.Join(dir, "gate", "record") }
