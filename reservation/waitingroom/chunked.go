package waitingroom

const (
	chunkBits = 14
	chunkSize = 1 << chunkBits
)

// chunked is a list that grows without copying what it holds: a plain slice of
// ten million entries would pause every join while it doubles, and leave a
// quarter of the memory unused.
type chunked[T any] struct {
	chunks []*[chunkSize]T
	length int
}

func (c *chunked[T]) push(value T) {
	if c.length == len(c.chunks)<<chunkBits {
		c.chunks = append(c.chunks, new([chunkSize]T))
	}
	c.chunks[c.length>>chunkBits][c.length%chunkSize] = value
	c.length++
}

func (c *chunked[T]) at(i int) *T { return &c.chunks[i>>chunkBits][i%chunkSize] }

// sparse is an array of which only the touched chunks take memory; the rest
// reads as zero.
type sparse[T any] struct {
	chunks []*[chunkSize]T
}

func (s *sparse[T]) get(i int) (value T) {
	if c := i >> chunkBits; c < len(s.chunks) && s.chunks[c] != nil {
		return s.chunks[c][i%chunkSize]
	}
	return value
}

func (s *sparse[T]) set(i int, value T) {
	c := i >> chunkBits
	for c >= len(s.chunks) {
		s.chunks = append(s.chunks, nil)
	}
	if s.chunks[c] == nil {
		s.chunks[c] = new([chunkSize]T)
	}
	s.chunks[c][i%chunkSize] = value
}
