package consensus

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"

	"sunbeon/controlplane/plan"
)

// An entry of the log is a command's JSON behind its CRC-32C. Raft's store does
// not check what it reads back, and a flipped digit is still JSON: without the
// sum one node would quietly hold another plan than the others.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errEntry means that an entry of the log is not what was written to it.
var errEntry = errors.New("log entry is damaged")

const sumBytes = 4

func encodeEntry(c plan.Command) ([]byte, error) {
	encoded, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode command: %w", err)
	}
	entry := make([]byte, sumBytes, sumBytes+len(encoded))
	binary.BigEndian.PutUint32(entry, crc32.Checksum(encoded, castagnoli))
	return append(entry, encoded...), nil
}

func decodeEntry(entry []byte) (plan.Command, error) {
	var c plan.Command
	if len(entry) < sumBytes || binary.BigEndian.Uint32(entry) != crc32.Checksum(entry[sumBytes:], castagnoli) {
		return c, errEntry
	}
	if err := json.Unmarshal(entry[sumBytes:], &c); err != nil {
		return c, fmt.Errorf("decode command: %w", err)
	}
	return c, nil
}
