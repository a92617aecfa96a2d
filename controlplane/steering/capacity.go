package steering

import "math"

// estimate is what is known of one resource's capacity, in its own requests a
// second; for WAS, of one replica.
type estimate struct {
	Proved   float64 `json:"proved"`    // served without strain
	Believed float64 `json:"believed"`  // thought to be served at most
	LastGood float64 `json:"last_good"` // highest it proved before the last cut
	Best     float64 `json:"best"`      // highest it ever proved tonight
	Mark     float64 `json:"mark"`      // what it carried when it was last driven into strain
	Base     float64 `json:"base"`      // unstrained latency, seconds
	Usual    float64 `json:"usual"`     // least latency of the last window of calm, 0 before it
	Least    float64 `json:"least"`     // the same of the present window
	Looks    int     `json:"looks"`     // scrapes in that
	Timed    float64 `json:"timed"`     // latency, over so many requests that chance is out of it
	Brisk    int     `json:"brisk"`     // scrapes in a row well below the usual
	Quick    float64 `json:"quick"`     // least latency near its best, and
	QuickAt  float64 `json:"quick_at"`  // the best it was at then
	Press    float64 `json:"press"`     // share held back because strain persists
	Smooth   float64 `json:"smooth"`    // throughput, smoothed
	Begun    float64 `json:"begun"`     // the same once the present strain was first averaged in full
	Jitter   float64 `json:"jitter"`    // variance of a scrape about it
	Backlog  float64 `json:"backlog"`   // requests held outside, waiting to retry
	Grows    float64 `json:"grows"`     // how fast the backlog grows a second
	// Owed is work that was foreseen, could not be done, and will come later:
	// what held people still want, and all they will want after that. Due is the same
	// reckoned high, and Extra what the last scrape brought beyond even that.
	Owed   float64 `json:"owed"`
	Due    float64 `json:"due"`
	Extra  float64 `json:"extra"`
	Remain float64 `json:"remain"` // requests someone inside is yet to make, while nobody is held

	Saturated bool    `json:"saturated"`
	Strikes   int     `json:"strikes"`   // scrapes of evidence in a row
	Quiet     int     `json:"quiet"`     // scrapes without evidence in a row
	Averaged  int     `json:"averaged"`  // scrapes in the smoothed throughput
	Off       int     `json:"off"`       // scrapes in a row that contradict it
	CalmMS    int64   `json:"calm_ms"`   // time without strain
	StrainMS  int64   `json:"strain_ms"` // of the last strain
	Paused    bool    `json:"paused"`    // in it, next to nothing was served for a while
	LoadedMS  int64   `json:"loaded_ms"` // of it, time at its target
	Failed    int     `json:"failed"`    // times in a row that it met strain where it had before
	Prior     float64 `json:"prior"`     // believed before the evening
	BeyondMS  int64   `json:"beyond_ms"` // time it served more than that without strain
	Found     bool    `json:"found"`     // saturation was seen at least once
	Out       bool    `json:"out"`       // it went dark and is not yet back
	Seen      float64 `json:"seen"`      // most it was seen to serve tonight, smoothed
	// Before is the standing when the present saturation began.
	Before standing `json:"before"`
	Recent []point  `json:"recent"`
	Sight  sight    `json:"sight"`
	Ratio  float64  `json:"ratio"` // requests seen ÷ requests the kernel foresees
	// DeadMS is the mean time from a call to its requests here.
	DeadMS int64 `json:"dead_ms"`
}

// point is one scrape in the short memory that the knee is read from.
type point struct {
	Throughput float64 `json:"x"`
	InFlight   float64 `json:"n"`
}

// What makes saturation. Latency alone never does: it must rise while
// throughput does not.
const (
	strikesNeeded = 3
	quietNeeded   = 4
	briskShare    = 0.8
	pressStep     = 0.055
	pressMost     = 0.17
	pressEases    = 1.3 // times as fast as it grew
	replicasAgree = 0.5
	heavy         = 0.25 // of what is served is rejected
	// Where load follows a call within so many scrapes, waiting for a third
	// witness is a large part of it; over minutes it costs nothing and spares
	// many a false alarm.
	briskScrapes   = 15
	kneeLatency    = 1.85 // times the base
	calmLatency    = 1.5
	drownedLatency = 16 // no server is that slow, but for its queue
	kneeWindow     = 6
	wasBusy        = 0.85 // utilisation above which a WAS may be blamed
	smoothFew      = 5    // scrapes averaged for a quick answer
	smoothMany     = 25
	smoothCalm     = 12
	contradiction  = 0.15 // relative, for this many scrapes: the capacity changed
	contradictions = 3
)

// measure takes one believed reading, scaled to one unit of the resource.
// expected is what the inventory foresees for now, blamable whether the strain
// can be its own.
func (e *estimate) measure(r Resource, units, expected float64, blamable, brisk bool, periodS, retryS float64) {
	x := r.Throughput / units
	e.remember(point{x, known(r.InFlight) / units})
	e.time(r, periodS)
	e.hold(r, periodS, retryS)

	gate := r.Rejected > 0 && r.Rejecting >= replicasAgree
	knee := e.knee(r, expected/units)
	switch {
	case blamable && gate && brisk && r.Rejected >= heavy*r.Throughput:
		e.Strikes += 2 // so much at once needs no third witness
	case blamable && (gate || knee):
		e.Strikes++
	default:
		e.Strikes = 0
	}
	was := e.Saturated
	switch {
	case e.Strikes >= strikesNeeded:
		e.Saturated, e.Quiet = true, 0
	case e.Strikes > 0 || r.Rejected > 0:
		e.Quiet = 0
	case e.Saturated:
		e.Quiet++
		e.Saturated = e.Quiet < quietNeeded
		if !e.Saturated && !e.Out {
			e.sink()
			e.forgive()
		}
	}
	switch {
	case e.Saturated && e.Strikes > 0:
		if !was {
			if !e.Out {
				e.Before, e.StrainMS, e.Paused = e.standing(), 0, false
			}
			carried := e.carried()
			e.onset(brisk)
			e.confirm(max(carried, e.Smooth))
		} else {
			e.average(x)
		}
		e.lasts(int64(periodS * 1000))
		e.cut(x)
		return
	case e.Saturated:
		// Not sure any more: what is served counts if it is more, not if less.
		if x > e.Smooth {
			e.average(x)
			e.Believed = max(e.Believed, e.Smooth)
		}
		return
	}
	e.Jitter += ((x-e.Smooth)*(x-e.Smooth) - e.Jitter) / smoothMany
	e.Smooth += (x - e.Smooth) / smoothCalm
	e.calm(r, periodS)
	if r.Kind == KindWAS && r.Utilisation > 0.25 {
		// A processor tells how much more it could do without being driven there.
		full := x / r.Utilisation
		e.Believed += (full - e.Believed) / smoothCalm
		e.LastGood = e.Believed
	}
}

func (e *estimate) remember(p point) {
	e.Recent = append(e.Recent, p)
	if len(e.Recent) > kneeWindow {
		e.Recent = e.Recent[len(e.Recent)-kneeWindow:]
	}
}

// onset of saturation starts the average. Strain shows first when noise has
// taken a little capacity away, so unless the difference is large the belief
// counts as much as the first scrapes do.
//
// Evidence of strain is bad news and never raises the belief by itself.
func (e *estimate) onset(brisk bool) {
	calm := e.Smooth + (e.Recent[len(e.Recent)-1].Throughput-e.Smooth)/smoothCalm
	most := max(e.Believed, calm)
	defer func() { e.Smooth = min(e.Smooth, most) }()
	witnesses := strikesNeeded
	if brisk {
		witnesses = 2 // the third may be from before the strain
	}
	e.Smooth, e.Averaged, e.Off = e.mean(witnesses), witnesses, 0
	e.Begun = 0
	if math.Abs(e.Smooth-e.Believed) < contradiction*e.Believed {
		const weight = 3 * strikesNeeded
		e.Smooth = (e.Smooth*strikesNeeded + e.Believed*weight) / (strikesNeeded + weight)
		e.Averaged += weight
	}
}

// average throughput under saturation over ever more scrapes, and start again
// when several in a row say that the capacity is another.
func (e *estimate) average(x float64) {
	if math.Abs(x-e.Smooth) > contradiction*e.Smooth {
		e.Off++
	} else {
		e.Off = 0
	}
	if e.Off >= contradictions {
		e.Smooth, e.Averaged, e.Off = e.mean(contradictions), contradictions, 0
		e.Begun = 0
		return
	}
	if e.Averaged == smoothMany && e.Begun == 0 {
		e.Begun = e.Smooth
	}
	e.Averaged = min(e.Averaged+1, smoothMany)
	e.Smooth += (x - e.Smooth) / float64(max(smoothFew, e.Averaged))
}

// knee is latency well above its base, throughput that no longer follows the
// requests in flight, and work left undone.
func (e *estimate) knee(r Resource, expected float64) bool {
	if !usable(r.Latency) || e.Base <= 0 || r.Latency < kneeLatency*e.Base {
		return false
	}
	first, last := e.Recent[0], e.Recent[len(e.Recent)-1]
	if e.Saturated {
		undone := last.Throughput < expected || r.Latency > drownedLatency*e.Base
		// All of the work done, or less of it and shorter queues, mean that the base is
		// out of date. Else a slow server that is asked for less and less would pass for
		// one that can do less and less.
		return undone && (last.Throughput > 0.95*e.Smooth || last.InFlight > 0.95*first.InFlight)
	}
	if r.InFlight < hangLeast {
		return false
	}
	flat := last.Throughput <= first.Throughput*1.03 && last.InFlight > first.InFlight*1.1
	undone := last.Throughput < 0.95*expected || r.Latency > 2*kneeLatency*e.Base
	return flat && undone
}

func (e *estimate) mean(n int) float64 {
	n = min(n, len(e.Recent))
	sum := 0.0
	for _, p := range e.Recent[len(e.Recent)-n:] {
		sum += p.Throughput
	}
	return sum / float64(max(1, n))
}

// carried is what was served just before the strain that is now evident: the last
// scrapes before it where they are above the average beyond chance.
func (e *estimate) carried() float64 {
	before := e.Recent[:max(0, len(e.Recent)-strikesNeeded)]
	sum := 0.0
	for _, p := range before {
		sum += p.Throughput
	}
	n := float64(max(1, len(before)))
	return max(e.Smooth, sum/n-2*math.Sqrt(e.Jitter/n))
}

// cut sets the believed capacity to what is being served: under saturation that
// is the capacity, up as well as down. x is what was served just now.
func (e *estimate) cut(x float64) {
	if e.Out = e.Out || e.dark(x); e.Out {
		e.Believed = e.Smooth
		e.CalmMS, e.LoadedMS = 0, 0
		return
	}
	if e.CalmMS > 0 {
		// A probe that failed near the old mark says that the mark is gone.
		e.LastGood = max(e.Smooth, e.LastGood-(e.LastGood-e.Smooth)/2)
	}
	e.Believed = e.Smooth
	e.Proved = min(e.Proved, e.Smooth)
	e.CalmMS, e.LoadedMS, e.Found = 0, 0, true
	e.Seen = max(e.Seen, e.Smooth)
	if e.steady() {
		e.Before = e.standing()
	}
}

// calm learns from a resource that is not strained: what it serves is proved,
// and its latency is its base.
func (e *estimate) calm(r Resource, periodS float64) {
	e.CalmMS += int64(periodS * 1000)
	e.Proved = max(e.Proved, e.sure())
	e.LastGood, e.Best = max(e.LastGood, e.Proved), max(e.Best, e.Proved)
	e.Seen = max(e.Seen, e.sure())
	if !e.Out {
		e.Believed = max(e.Believed, e.Proved)
	}
	if !usable(r.Latency) || r.Latency == 0 || r.Throughput == 0 {
		return
	}
	e.rememberQuick()
	if !(r.Rejected > 0) {
		e.quicken(r.Latency)
	}
	switch {
	case e.Base == 0 || e.Timed < e.Base:
		e.Base = e.Timed
	default:
		e.Base += (e.Timed - e.Base) * 0.01
	}
}

// time averages latency over at least timedOver requests: the mean of a few is
// now and then a fraction of the true one, and the lowest ever seen would be that.
func (e *estimate) time(r Resource, periodS float64) {
	n := r.Throughput * periodS
	switch {
	case !usable(r.Latency) || r.Latency == 0 || !(n > 0):
	case e.Timed == 0:
		e.Timed = r.Latency
	default:
		e.Timed += (r.Latency - e.Timed) * min(1, n/timedOver)
	}
}

const timedOver = 30

// sure is what is served beyond doubt: the smoothed throughput less twice its own
// standard deviation. Only this may raise an estimate, because the highest of
// many noisy values is always too high.
func (e *estimate) sure() float64 {
	return max(0, e.Smooth-2*math.Sqrt(e.Jitter/(2*smoothCalm)))
}

// hangs says whether many requests are inside and none is answered. Nothing is
// refused then either, and what was asked for must come through before more is.
func (e *estimate) hangs() bool {
	return e.Sight.Last[0] == 0 && e.Sight.Last[1] >= hangLeast
}

// hangLeast requests, below which a stall cannot be told from chance.
const hangLeast = 16

// confidence is high where saturation was just measured or the load is close to
// what is believed, and fades as the estimate turns into memory.
func (e *estimate) confidence() float64 {
	if e.Saturated {
		return 0.95
	}
	loaded := 0.0
	if e.Believed > 0 {
		loaded = min(1, e.Smooth/e.Believed)
	}
	fresh := 0.0
	if e.Found {
		fresh = math.Exp(-float64(e.CalmMS) / float64(10*e.DeadMS))
	}
	return 0.2 + 0.7*max(loaded*loaded, fresh)
}
