package waitingroom_test

import (
	"math/rand/v2"
	"testing"

	"sunbeon/internal/serving"
	"sunbeon/reservation/waitingroom"
)

// crowd are people who do what the serving document advises, in virtual time.
type crowd struct {
	random *rand.Rand
	next   []int64 // when each looks again, ms
	// ahead is negative for those who have been called: they look no more.
	ahead func(person, nowMS int64) int64
	polls map[int64]int // by second
}

func newCrowd(people int, spreadMS int64) *crowd {
	c := &crowd{random: rand.New(rand.NewPCG(1, 2)), next: make([]int64, people), polls: map[int64]int{}}
	for i := range c.next {
		c.next[i] = c.random.Int64N(spreadMS)
	}
	return c
}

// live lets time pass, in steps of 100 ms. table is the document's advice; it
// is nil while nobody answers, and then people wait as long again as they were
// last told.
func (c *crowd) live(fromMS, toMS int64, table func(nowMS int64) []waitingroom.PollStep) {
	for now := fromMS; now < toMS; now += 100 {
		steps := table(now)
		for i, at := range c.next {
			if at > now {
				continue
			}
			ahead := c.ahead(int64(i), now)
			if ahead < 0 {
				continue
			}
			c.polls[now/1000]++
			told := steps
			if told == nil {
				told = waitingroom.PollTable(0)
			}
			c.next[i] = now + advise(told, ahead, c.random.Float64())
		}
	}
}

func advise(table []waitingroom.PollStep, ahead int64, random float64) int64 {
	for _, s := range table {
		if s.Ahead < 0 || ahead <= s.Ahead {
			return s.EveryMS + int64(random*float64(s.JitterMS))
		}
	}
	return 1000
}

func (c *crowd) busiest(fromS, toS int64) (most int) {
	for second := fromS; second < toS; second++ {
		most = max(most, c.polls[second])
	}
	return most
}

// The opening of a lobby, and a gate that is away for half a minute, must not
// bring more polls a second than the lobby makes all the time.
func TestHerdsStayBelowTheSteadyLoad(t *testing.T) {
	const people, rate = 50_000, 100
	const openMS, awayMS, backMS, endMS = 300_000, 420_000, 450_000, 700_000
	c := newCrowd(people, 15_000)
	c.ahead = func(person, nowMS int64) int64 { return person - max(0, nowMS-openMS)*rate/1000 }
	c.live(0, openMS, func(now int64) []waitingroom.PollStep { return waitingroom.LobbyPollTable(openMS - now) })
	open := func(int64) []waitingroom.PollStep { return waitingroom.PollTable(rate * 1000) }
	c.live(openMS, awayMS, open)
	c.live(awayMS, backMS, func(int64) []waitingroom.PollStep { return nil })
	c.live(backMS, endMS, open)

	// What a lobby without a rate makes: everybody about every 15 to 22.5 s.
	steady := people * 10 / 150
	if most := c.busiest(30, openMS/1000); most > steady {
		t.Errorf("the lobby reached %d polls a second, steady is %d", most, steady)
	}
	if most := c.busiest(openMS/1000, awayMS/1000); most > steady {
		t.Errorf("the opening brought %d polls a second, steady is %d", most, steady)
	}
	if most := c.busiest(backMS/1000, endMS/1000); most > steady {
		t.Errorf("the restart brought %d polls a second, steady is %d", most, steady)
	}
	if late := c.busiest(endMS/1000-30, endMS/1000); late*3 > steady {
		t.Errorf("long after the opening still %d polls a second", late)
	}
}

func TestALineThatStandsStillIsLookedAtLessOften(t *testing.T) {
	room, _ := openRoom(t, arrivalCohort)
	join(t, room, 1, 1)
	nearest := func(nowMS int64) int64 { return room.PollTable(nowMS)[0].EveryMS }
	if got := nearest(noon); got != 15_000 {
		t.Errorf("before the first call: every %d ms", got)
	}
	move(t, room, waitingroom.Open, noon)
	adopt(t, room, 1, 0, 100, noon)
	if got := nearest(noon); got != 1_000 {
		t.Errorf("while people are called: every %d ms", got)
	}
	adopt(t, room, 2, 0, 0, noon+500)
	if got := nearest(noon + 500); got != 5_000 {
		t.Errorf("while the rate is nought: every %d ms", got)
	}
	adopt(t, room, 3, 0, 100, noon+900)
	room.Hold("", noon+1_000)
	if got := nearest(noon + 1_000); got != 5_000 {
		t.Errorf("under a hold: every %d ms", got)
	}
}

func TestLobbyPollsAreRareUntilTheHourIsNear(t *testing.T) {
	for _, f := range []struct{ opensInMS, want int64 }{
		{12 * 3_600_000, 180_000}, {300_000, 60_000}, {60_000, 15_000}, {1, 15_000},
	} {
		if got := waitingroom.LobbyPollTable(f.opensInMS)[0].EveryMS; got != f.want {
			t.Errorf("%d ms before the opening: every %d ms, want %d", f.opensInMS, got, f.want)
		}
	}
}

// A line whose rate falls to almost nothing for five minutes and comes back at
// once must find awake whom it then calls, and not pay for it with polls.
func TestNobodySleepsThroughARateThatComesBack(t *testing.T) {
	const rate, slow = 100, 1 // turns a second; slow in thousandths
	room, _ := openRoom(t, arrivalCohort)
	const people = 10_000
	for p := range uint64(people) {
		join(t, room, p+1, 1)
	}
	move(t, room, waitingroom.Open, noon)
	number := int64(0)
	slowSegment := func(number, start, milli, now int64) serving.Segment {
		s := segment(arrivalCohort.ID, number, start, 0, now)
		s.RateMilli, s.Cap = milli, people
		return s
	}
	serve := func(fromS, toS, milli int64) {
		for s := fromS; s < toS; s++ {
			number++
			now := noon + s*1000
			start := room.Serving(now)
			if _, err := room.Adopt(slowSegment(number, start, milli, now), now); err != nil {
				t.Fatal(err)
			}
		}
	}
	const slowFromS, backS = 40, 340
	serve(0, slowFromS, rate*1000)
	c := newCrowd(people, 15_000)
	served := func(nowMS int64) int64 { return room.Serving(noon + nowMS) }
	var worst, servedBefore int64
	told := make([]bool, people)
	c.ahead = func(person, nowMS int64) int64 {
		ahead := person - served(nowMS)
		if ahead < 0 && !told[person] && nowMS > backS*1000 {
			called := backS*1000 + (person-servedBefore)*1000/rate
			worst = max(worst, nowMS-called)
		}
		told[person] = told[person] || ahead < 0
		return ahead
	}
	advice := func(nowMS int64) []waitingroom.PollStep { return room.PollTable(noon + nowMS) }
	c.live(0, slowFromS*1000, advice)
	steady := c.busiest(20, slowFromS)
	for s := int64(slowFromS); s < backS; s++ {
		serve(s, s+1, slow)
		c.live(s*1000, (s+1)*1000, advice)
	}
	steady += steady / 10 // chance: these spans are longer than the one it was found in
	if most := c.busiest(slowFromS, backS); most > steady {
		t.Errorf("while it was slow %d polls a second, before at most %d", most, steady)
	}
	servedBefore = served(backS * 1000)
	for s := int64(backS); s < backS+50; s++ {
		serve(s, s+1, rate*1000)
		c.live(s*1000, (s+1)*1000, advice)
	}
	// Who is less than three minutes away looks every 22.5 s at least.
	if worst > 22_600 {
		t.Errorf("somebody learned %d s late that they were called", worst/1000)
	}
	if most := c.busiest(backS, backS+50); most > steady {
		t.Errorf("the rate's return brought %d polls a second, before at most %d", most, steady)
	}
}
