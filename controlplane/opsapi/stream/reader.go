package stream

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

// maxLine bounds one line of a stream: a whole plan fits many times over.
const maxLine = 64 << 20

// Reader takes messages from the body of a watch response.
type Reader struct {
	lines *bufio.Scanner
}

// NewReader reads the stream in r.
func NewReader(r io.Reader) *Reader {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 16<<10), maxLine)
	return &Reader{lines: lines}
}

// Next blocks for the next message; io.EOF means the node closed the stream.
// Comments and fields this stream does not use are skipped, as the
// specification of server-sent events asks.
func (r *Reader) Next() (Message, error) {
	var kind Kind
	var data []byte
	for r.lines.Scan() {
		line := r.lines.Bytes()
		if len(line) == 0 {
			if kind == "" && data == nil {
				continue
			}
			return decode(kind, data)
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			kind = Kind(value)
		case "data":
			if data != nil {
				data = append(data, '\n')
			}
			data = append(data, value...)
		}
	}
	if err := r.lines.Err(); err != nil {
		return Message{}, fmt.Errorf("read stream: %w", err)
	}
	if kind != "" || data != nil {
		return Message{}, fmt.Errorf("read stream: %w", io.ErrUnexpectedEOF)
	}
	return Message{}, io.EOF
}
