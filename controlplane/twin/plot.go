package twin

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
)

//go:embed plot.html
var plotPage string

// Plot writes a self-contained HTML page with the course of each run: the rate,
// what the bottleneck did against what it could do, people held, and replicas.
func Plot(w io.Writer, s *Scenario, names []string, runs map[string]*Run) error {
	page, err := template.New("plot").Parse(plotPage)
	if err != nil {
		return err
	}
	data := plotData{Scenario: s}
	colours := []string{"#1f6feb", "#8b949e", "#d29922", "#a371f7", "#3fb950", "#f85149", "#6e7681"}
	for i, name := range Names() {
		if _, ok := runs[name]; ok {
			data.Legend = append(data.Legend, legend{name, colours[i%len(colours)]})
		}
	}
	panels := []struct {
		title string
		of    func(Trace) []float64
	}{
		{"admission rate, calls a second", func(t Trace) []float64 { return t.Rate }},
		{"useful throughput of the bottleneck, sessions a second (dashed: its capacity)", func(t Trace) []float64 { return t.Useful }},
		{"requests held, share", func(t Trace) []float64 { return t.Held }},
		{"WAS running", func(t Trace) []float64 { return t.Replicas }},
	}
	for _, p := range panels {
		picture := newPanel(p.title, float64(s.Duration))
		for _, l := range data.Legend {
			run := runs[l.Name]
			picture.add(l.Colour, "", run.Trace.T, p.of(run.Trace))
		}
		if len(data.Legend) > 0 && strings.Contains(p.title, "dashed") {
			first := runs[data.Legend[0].Name]
			picture.add("#e3b341", "5 4", first.Trace.T, first.Trace.Capacity)
		}
		data.Panels = append(data.Panels, picture.finish())
	}
	return page.Execute(w, data)
}

type plotData struct {
	Scenario *Scenario
	Legend   []legend
	Panels   []panel
}

type legend struct{ Name, Colour string }

// panel is one diagram, ready to draw in a box of plotWidth by plotHeight.
type panel struct {
	Title  string
	Top    string
	Lines  []plotLine
	Ticks  []tick
	length float64
	raw    []rawLine
}

type plotLine struct{ Colour, Dash, Points string }

type tick struct {
	X     float64
	Label string
}

type rawLine struct {
	colour, dash string
	t, v         []float64
}

const (
	plotWidth  = 1000.0
	plotHeight = 180.0
	plotPoints = 900
)

func newPanel(title string, length float64) *panel { return &panel{Title: title, length: length} }

// add a line, averaged down to about one point a pixel.
func (p *panel) add(colour, dash string, t, v []float64) {
	step := max(1, len(t)/plotPoints)
	var ts, vs []float64
	for i := 0; i+step <= len(t); i += step {
		sum := 0.0
		for _, x := range v[i : i+step] {
			sum += x
		}
		ts, vs = append(ts, t[i]), append(vs, sum/float64(step))
	}
	p.raw = append(p.raw, rawLine{colour, dash, ts, vs})
}

// finish scales all lines alike.
func (p *panel) finish() panel {
	top := 0.0
	for _, line := range p.raw {
		for _, v := range line.v {
			top = max(top, v)
		}
	}
	if top == 0 {
		top = 1
	}
	p.Top = fmt.Sprintf("%.3g", top)
	for _, line := range p.raw {
		var b strings.Builder
		for i := range line.t {
			fmt.Fprintf(&b, "%.1f,%.1f ", line.t[i]/p.length*plotWidth, plotHeight*(1-line.v[i]/top))
		}
		p.Lines = append(p.Lines, plotLine{line.colour, line.dash, b.String()})
	}
	every := math.Max(1, math.Round(p.length/60/8))
	for m := 0.0; m*60 <= p.length; m += every {
		p.Ticks = append(p.Ticks, tick{m * 60 / p.length * plotWidth, fmt.Sprintf("%.0f min", m)})
	}
	return *p
}
