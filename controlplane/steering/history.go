package steering

import (
	"encoding/json"
	"math"
	"strconv"
)

// historyBins is how many bins of age the inventory keeps: six session lengths.
const historyBins = 480

// series is a list of counts or coefficients. It travels with four significant
// digits, because the state lives in the plan and must stay small.
type series []float64

// MarshalJSON writes four significant digits.
func (s series) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 5*len(s)+2)
	b = append(b, '[')
	for i, v := range s {
		if i > 0 {
			b = append(b, ',')
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			v = 0
		}
		b = strconv.AppendFloat(b, v, 'g', 4, 64)
	}
	return append(b, ']'), nil
}

var _ json.Marshaler = series{}

// history is the inventory: people called and claimed, by when. The newest bin
// is last and ends at EndMS.
type history struct {
	EndMS   int64     `json:"end_ms"`
	BinMS   int64     `json:"bin_ms"`
	Called  [2]series `json:"called"` // lobby, later
	Claimed series    `json:"claimed"`
	Last    [2]Flow   `json:"last"` // counters at the last sight
	Seen    bool      `json:"seen"`
}

// init starts an empty inventory, also when the resolution was reconfigured.
func (h *history) init(nowMS, binMS int64) {
	if h.BinMS == binMS && len(h.Claimed) == historyBins {
		return
	}
	h.EndMS, h.BinMS = nowMS, binMS
	h.Called = [2]series{make(series, historyBins), make(series, historyBins)}
	h.Claimed = make(series, historyBins)
}

// advance moves the window so that its newest bin contains nowMS.
func (h *history) advance(nowMS int64) {
	if nowMS < h.EndMS {
		return
	}
	n := (nowMS-h.EndMS)/h.BinMS + 1
	h.EndMS += n * h.BinMS
	for _, s := range []series{h.Called[0], h.Called[1], h.Claimed} {
		k := int(min(n, int64(len(s))))
		copy(s, s[k:])
		clear(s[len(s)-k:])
	}
}

// observe books what the counters gained in the last overS seconds. A counter that
// fell was restarted; its gain since is unknown and counts as none.
func (h *history) observe(l Line, overS float64) {
	bins := int(max(1, math.Round(overS*1000/float64(h.BinMS))))
	for i, f := range [2]Flow{l.Lobby, l.Later} {
		if !usable(f.Called) || !usable(f.Claimed) {
			continue
		}
		if h.Seen {
			called, claimed := max(0, f.Called-h.Last[i].Called), max(0, f.Claimed-h.Last[i].Claimed)
			for b := historyBins - bins; b < historyBins; b++ {
				h.Called[i][b] += called / float64(bins)
				h.Claimed[b] += claimed / float64(bins)
			}
		}
		h.Last[i] = f
	}
	h.Seen = true
}

// byAge sums a series into the age bins, skipping the youngest skip bins: what
// a reading that old could not have seen yet.
func byAge(s series, skip int) [ageBins]float64 {
	var out [ageBins]float64
	for j := range out {
		from, to := ageEdges[j]+skip, min(ageEdges[j+1]+skip, len(s))
		for a := from; a < to; a++ {
			out[j] += s[len(s)-1-a]
		}
	}
	return out
}

func usable(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) && v >= 0 }
