// Package components are the pieces the terminal's pages are made of.
package components

import (
	"time"

	"github.com/NimbleMarkets/ntcharts/linechart/timeserieslinechart"
	"github.com/charmbracelet/lipgloss"

	"sunbeon/tui/live"
	"sunbeon/tui/styles"
)

// Chart draws points over the last minutes.
type Chart struct {
	Title string
	// Now is written beside the title.
	Now    string
	Points []live.Point
	// Span is how much time the width shows.
	Span time.Duration
}

// smallest chart that still says something.
const minChartWidth, minChartHeight = 18, 4

// View draws the chart into width by height cells, its title included.
func (c Chart) View(st styles.Styles, width, height int, now time.Time) string {
	title := Fit(st.Label.Render(c.Title+" ")+st.Value.Render(c.Now), width)
	if width < minChartWidth || height < minChartHeight {
		return title
	}
	high := 1.0
	points := make([]timeserieslinechart.TimePoint, 0, len(c.Points))
	for _, p := range c.Points {
		if now.Sub(p.At) > c.Span {
			continue
		}
		points = append(points, timeserieslinechart.TimePoint{Time: p.At, Value: p.Value})
		high = max(high, p.Value)
	}
	chart := timeserieslinechart.New(width, height-1,
		timeserieslinechart.WithTimeRange(now.Add(-c.Span), now),
		timeserieslinechart.WithYRange(0, ceiling(high)),
		timeserieslinechart.WithAxesStyles(st.Axis, st.Axis),
		timeserieslinechart.WithStyle(st.Line),
		timeserieslinechart.WithXLabelFormatter(func(_ int, unix float64) string {
			return time.Unix(int64(unix), 0).In(now.Location()).Format("15:04:05")
		}),
		timeserieslinechart.WithYLabelFormatter(func(_ int, v float64) string { return short(v) }),
		timeserieslinechart.WithXYSteps(max(1, width/4), 2),
		timeserieslinechart.WithTimeSeries(points),
	)
	if len(points) > 1 {
		chart.DrawBrailleAll()
	}
	return lipgloss.JoinVertical(lipgloss.Left, title, chart.View())
}
