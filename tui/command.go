package tui

import (
	"fmt"
	"strings"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/tui/live"
)

// commandHelp is every ":" command, for the help page.
var commandHelp = []string{
	":override RATE [FOR] [REASON…]   set the admission rate, in turns/s",
	":back [REASON…]                  hand the rate back to steering",
	":hold [COHORT] [REASON…]         stop calling; without a cohort, everywhere",
	":release [COHORT] [REASON…]      let calling go on",
	":freeze [FOR] [REASON…]          let the controllers only lower",
	":unfreeze [REASON…]              let them steer again",
	":pause COHORT [REASON…]   :resume COHORT [REASON…]",
	":overview :cohorts :decisions :was :raft :help :quit",
}

// parseCommand makes an action of a typed command. Every one of them still
// opens its dialog, filled in as typed.
func parseCommand(line string, s *live.State) (action, error) {
	words := strings.Fields(line)
	if len(words) == 0 {
		return action{}, fmt.Errorf("type a command")
	}
	args := words[1:]
	take := func(fits func(string) bool) string {
		if len(args) == 0 || !fits(args[0]) {
			return ""
		}
		word := args[0]
		args = args[1:]
		return word
	}
	reason := func() string { return strings.Join(args, " ") }
	duration := func(word string) bool { _, err := time.ParseDuration(word); return err == nil }
	cohort := func(word string) bool { _, ok := s.Plan().Cohorts[word]; return ok || word == plan.All }
	scope := func() string {
		if word := take(cohort); word != "" {
			return word
		}
		return plan.All
	}
	switch words[0] {
	case "override":
		rate := take(func(word string) bool { _, err := readRate(word); return err == nil })
		lasts := take(duration)
		return overrideRate(s, rate, lasts, reason()), nil
	case "back", "handback":
		return handBack(s, reason())
	case "hold":
		where := scope()
		return hold(s, where, reason()), nil
	case "release":
		where := scope()
		return release(s, where, reason())
	case "freeze":
		lasts := take(duration)
		return freeze(s, lasts, reason()), nil
	case "unfreeze":
		return unfreeze(s, reason())
	case "pause", "resume":
		which := take(func(word string) bool { _, ok := s.Plan().Cohorts[word]; return ok })
		if which == "" {
			return action{}, fmt.Errorf("name a cohort to %s", words[0])
		}
		return movePhase(s, which, words[0], reason()), nil
	}
	return action{}, fmt.Errorf("no command %q; ? lists them", words[0])
}
