package waitingroom

import "encoding/binary"

// index finds the arrival number of a tag. It is an open-addressing table of
// numbers in 256 shards, over a list of tags in order of arrival: 16 bytes a
// person for the tag and 5 to 11.5 for its slot. Shards double one by one, so
// no join waits for more than one 256th of the table to be rebuilt.
//
// Tags are keyed hashes, so their own bytes serve as shard (byte 0),
// fingerprint (byte 1) and slot (bytes 4 to 7).
type index struct {
	tags   chunked[Tag]
	shards [256]shard
}

// shard probes linearly. A fingerprint of 0 marks a free slot; comparing
// fingerprints first saves a cache miss in the list of tags a probe.
type shard struct {
	prints  []uint8
	numbers []uint32
	used    int
}

const shardMin = 16

func fingerprint(tag *Tag) uint8 { return max(tag[1], 1) }

func slot(tag *Tag) uint32 { return binary.LittleEndian.Uint32(tag[4:8]) }

// find returns the arrival number of tag, or 0.
func (x *index) find(tag *Tag) uint32 {
	s := &x.shards[tag[0]]
	if len(s.prints) == 0 {
		return 0
	}
	mask, print := uint32(len(s.prints)-1), fingerprint(tag)
	for i := slot(tag) & mask; s.prints[i] != 0; i = (i + 1) & mask {
		if s.prints[i] == print && *x.tag(s.numbers[i]) == *tag {
			return s.numbers[i]
		}
	}
	return 0
}

// add gives the next arrival number to a tag that is not in the index.
func (x *index) add(tag *Tag) uint32 {
	x.tags.push(*tag)
	number := uint32(x.tags.length)
	s := &x.shards[tag[0]]
	if s.used*8 >= len(s.prints)*7 {
		x.grow(s)
	}
	s.put(tag, number)
	return number
}

// tag returns the tag with an arrival number.
func (x *index) tag(number uint32) *Tag { return x.tags.at(int(number) - 1) }

func (x *index) len() int64 { return int64(x.tags.length) }

func (x *index) grow(s *shard) {
	old := s.numbers
	size := max(2*len(old), shardMin)
	s.prints, s.numbers, s.used = make([]uint8, size), make([]uint32, size), 0
	for _, number := range old {
		if number != 0 {
			s.put(x.tag(number), number)
		}
	}
}

func (s *shard) put(tag *Tag, number uint32) {
	mask := uint32(len(s.prints) - 1)
	i := slot(tag) & mask
	for s.prints[i] != 0 {
		i = (i + 1) & mask
	}
	s.prints[i], s.numbers[i] = fingerprint(tag), number
	s.used++
}
