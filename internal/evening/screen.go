package evening

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// How often the evening's one line is told: redrawn in place on a terminal,
// printed anew elsewhere.
const (
	redrawEvery = 500 * time.Millisecond
	printEvery  = 5 * time.Second
)

// screen is what the person who typed `sunbeon up` sees.
type screen struct {
	out      io.Writer
	terminal bool
	began    time.Time

	mu    sync.Mutex
	drawn bool // a progress line stands at the cursor
	// hidden keeps what is said for later, while a face has the terminal.
	hidden bool
	kept   []string
}

func newScreen(out io.Writer, terminal bool, began time.Time) *screen {
	return &screen{out: out, terminal: terminal, began: began}
}

// say prints one line with the time since the start.
func (s *screen) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.print(fmt.Sprintf("%6.1fs  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...)))
}

// print writes whole lines, now or once the face is gone.
func (s *screen) print(lines string) {
	if s.hidden {
		s.kept = append(s.kept, lines)
		return
	}
	s.clear()
	fmt.Fprint(s.out, lines)
}

// behind runs a face that has the terminal to itself.
func (s *screen) behind(face func() error) error {
	s.mu.Lock()
	s.clear()
	s.hidden = true
	s.mu.Unlock()
	err := face()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden = false
	for _, lines := range s.kept {
		s.print(lines)
	}
	s.kept = nil
	return err
}

func (s *screen) clear() {
	if s.drawn {
		fmt.Fprint(s.out, "\r\x1b[K")
		s.drawn = false
	}
}

func (s *screen) draw(line string) {
	if !s.terminal {
		s.say("%s", line)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hidden {
		return
	}
	s.clear()
	fmt.Fprintf(s.out, "%6.1fs  %s", time.Since(s.began).Seconds(), line)
	s.drawn = true
}

// address is a line of the table.
type address struct{ name, url string }

func (s *screen) table(addresses []address) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	fmt.Fprintln(&b)
	for _, a := range addresses {
		fmt.Fprintf(&b, "  %-24s %-32s healthy\n", a.name, a.url)
	}
	fmt.Fprintln(&b)
	s.print(b.String())
}

// progress repeats a line until it is stopped.
type progress struct {
	end  chan struct{}
	gone chan struct{}
	once sync.Once
}

func (s *screen) follow(line func(time.Time) string) *progress {
	p := &progress{end: make(chan struct{}), gone: make(chan struct{})}
	every := printEvery
	if s.terminal {
		every = redrawEvery
	}
	go func() {
		defer close(p.gone)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-p.end:
				return
			case now := <-tick.C:
				s.draw(line(now))
			}
		}
	}()
	return p
}

// stop ends the repeating; it may be called again.
func (p *progress) stop() {
	p.once.Do(func() { close(p.end) })
	<-p.gone
}

// show prints what write writes.
func (s *screen) show(write func(io.Writer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	write(&b)
	s.print(b.String())
}

// summary prints the report as a person reads it.
func (s *screen) summary(r report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "\n  What came of it\n")
	for _, row := range r.rows() {
		fmt.Fprintf(&b, "  %-24s %s\n", row.name, row.value)
	}
	if r.violations() == nil {
		fmt.Fprintln(&b, "  The audit found nothing lost, doubled or out of turn.")
	}
	fmt.Fprintln(&b)
	s.print(b.String())
}
