package booking

// Mention lists what a batch depends on, each thing once.
type Mention struct {
	Slots    []SlotID
	Persons  []string
	Attempts []Attempt
}

// Touched says what a store must load into [State] before [Decide].
func Touched(batch []Request) Mention {
	slots := make(set[SlotID], 2*len(batch))
	persons := make(set[string], len(batch))
	attempts := make(set[Attempt], len(batch))
	var m Mention
	for _, r := range batch {
		if r.Kind != Cancel {
			m.Slots = slots.add(m.Slots, r.First)
			for _, id := range r.Second {
				m.Slots = slots.add(m.Slots, id)
			}
		}
		m.Persons = persons.add(m.Persons, r.Person)
		m.Attempts = attempts.add(m.Attempts, Attempt{r.Person, r.Key})
	}
	return m
}

type set[T comparable] map[T]struct{}

func (s set[T]) add(list []T, v T) []T {
	if _, seen := s[v]; seen {
		return list
	}
	s[v] = struct{}{}
	return append(list, v)
}
