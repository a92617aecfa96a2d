package telemetry

import (
	"context"
	"net/http"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// maxExemplars is how many the database keeps in memory altogether; the newest
// take the place of the oldest.
const maxExemplars = 10_000

// exemplarsOf is one series and its exemplars, as Prometheus writes them.
type exemplarsOf struct {
	SeriesLabels labels.Labels  `json:"seriesLabels"`
	Exemplars    []exemplarJSON `json:"exemplars"`
}

type exemplarJSON struct {
	Labels labels.Labels `json:"labels"`
	Value  number        `json:"value"`
	// Timestamp is in seconds since 1970.
	Timestamp float64 `json:"timestamp"`
}

// exemplars tells which traces stand behind the series that a query reads.
func (e *Engine) exemplars(r *http.Request) (any, error) {
	text, err := queryOf(r)
	if err != nil {
		return nil, err
	}
	expression, err := parser.ParseExpr(text)
	if err != nil {
		return nil, badData("%w", err)
	}
	list := []exemplarsOf{}
	selectors := parser.ExtractSelectors(expression)
	if len(selectors) == 0 {
		return list, nil
	}
	err = e.seated(r, func(ctx context.Context, start, end int64) error {
		q, err := e.db.ExemplarQuerier(ctx)
		if err != nil {
			return err
		}
		found, err := q.Select(start, end, selectors...)
		for _, series := range found {
			list = append(list, exemplarsOf{series.SeriesLabels, exemplarsJSON(series.Exemplars)})
		}
		return err
	})
	return list, err
}

func exemplarsJSON(list []exemplar.Exemplar) []exemplarJSON {
	out := make([]exemplarJSON, len(list))
	for i, one := range list {
		out[i] = exemplarJSON{one.Labels, number(one.Value), float64(one.Ts) / 1000}
	}
	return out
}
