package fairness

import (
	"fmt"
	"strings"
)

// HeadLine tells in a checkpoint how far another log is: its name, its number of
// entries and the hex root or link that it ends with there. The control plane's
// audit is told so: who rewrote it would have to rewrite what witnesses of this
// log have signed as well.
func HeadLine(log string, size int64, root string) string {
	return fmt.Sprintf("%s %d %s\n", log, size, root)
}

// TwoHeadsError: checkpoints of this log tell two ends of another.
type TwoHeadsError struct{ error }

// heads are those that checkpoints have told, by log and size.
type heads map[string]string

// add takes in the heads of a checkpoint. The error says which log ends
// differently, at the same size, in another.
func (h heads) add(c Checkpoint) error {
	for line := range strings.Lines(c.Heads) {
		at := strings.LastIndex(strings.TrimSuffix(line, "\n"), " ")
		if at < 0 {
			continue // an extension of somebody else's
		}
		log, root := line[:at], line[at+1:]
		if other, known := h[log]; known && other != root {
			return fmt.Errorf("checkpoints tell two ends of %s entries", log)
		}
		h[log] = root
	}
	return nil
}
