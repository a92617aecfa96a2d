package waitingroom

import (
	"container/heap"
	"math/bits"
)

// askers is a set of turns that counts how many of them are below a given one
// in logarithmic time: a bit a turn, and a Fenwick tree over the words of
// bits. Ten million turns take two megabytes, and none before the first asker.
type askers struct {
	words []uint64
	sums  []int32 // Fenwick tree: sums[i] covers words i-lowbit(i)…i-1
	count int64
	until map[int64]int64 // by turn: when it is forgotten
	due   dueHeap
}

func (a *askers) has(turn int64) bool {
	word := int(turn / 64)
	return word < len(a.words) && a.words[word]>>(turn%64)&1 == 1
}

// add puts turn into the set until untilMS; one that is there stays until then.
func (a *askers) add(turn, untilMS int64) {
	if !a.has(turn) {
		a.reach(int(turn / 64))
		a.flip(turn, 1)
	}
	if a.until == nil {
		a.until = map[int64]int64{}
	}
	a.until[turn] = untilMS
	heap.Push(&a.due, due{turn: turn, at: untilMS})
}

func (a *askers) remove(turn int64) {
	if a.has(turn) {
		delete(a.until, turn)
		a.flip(turn, -1)
	}
}

// forget drops those who did not come back in time.
func (a *askers) forget(nowMS int64) {
	for len(a.due) > 0 && a.due[0].at < nowMS {
		late := heap.Pop(&a.due).(due)
		if until, ok := a.until[late.turn]; ok && until == late.at {
			a.remove(late.turn)
		}
	}
}

// below counts the turns in the set that are lower than turn.
func (a *askers) below(turn int64) int64 {
	word := int(turn / 64)
	if word >= len(a.words) {
		return a.count
	}
	sum := int64(bits.OnesCount64(a.words[word] & (1<<(turn%64) - 1)))
	for i := word; i > 0; i &= i - 1 {
		sum += int64(a.sums[i])
	}
	return sum
}

func (a *askers) flip(turn int64, by int32) {
	word := int(turn / 64)
	a.words[word] ^= 1 << (turn % 64)
	a.count += int64(by)
	for i := word + 1; i < len(a.sums); i += i & -i {
		a.sums[i] += by
	}
}

// reach makes room for a word, rebuilding the sums of the doubled tree.
func (a *askers) reach(word int) {
	if word < len(a.words) {
		return
	}
	words := make([]uint64, max(2*len(a.words), word+1, 64))
	copy(words, a.words)
	a.words, a.sums = words, make([]int32, len(words)+1)
	for i, w := range words {
		at := i + 1
		a.sums[at] += int32(bits.OnesCount64(w))
		if parent := at + at&-at; parent < len(a.sums) {
			a.sums[parent] += a.sums[at]
		}
	}
}

// due is when a turn is to be forgotten; turns that asked again are in the
// heap more than once, and only the latest time counts.
type due struct{ turn, at int64 }

type dueHeap []due

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(due)) }
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}
