package waitingroom_test

import (
	"math/rand/v2"
	"testing"

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

func TestLobbyPollsAreRareUntilTheHourIsNear(t *testing.T) {
	for _, f := range []struct{ opensInMS, want int64 }{
		{12 * 3_600_000, 180_000}, {300_000, 60_000}, {60_000, 15_000}, {1, 15_000},
	} {
		if got := waitingroom.LobbyPollTable(f.opensInMS)[0].EveryMS; got != f.want {
			t.Errorf("%d ms before the opening: every %d ms, want %d", f.opensInMS, got, f.want)
		}
	}
}
