package telemetry

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
)

// maxListed is how many series, names or values one answer lists.
const maxListed = 10_000

// truncated is an answer that a limit cut.
type truncated struct{ data any }

// limitOf is how many entries the request wants at most, never more than
// maxListed.
func limitOf(r *http.Request) (int, error) {
	text := r.Form.Get("limit")
	if text == "" {
		return maxListed, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, badData("limit %q: use a number, 0 for no limit", text)
	}
	if n == 0 {
		return maxListed, nil
	}
	return min(n, maxListed), nil
}

func cut[T any](list []T, most int) any {
	if list == nil {
		list = []T{}
	}
	if len(list) > most {
		return truncated{list[:most]}
	}
	return list
}

func (e *Engine) series(r *http.Request) (any, error) {
	matchers, err := matchersOf(r)
	if err != nil {
		return nil, err
	}
	if len(matchers) == 0 {
		return nil, badData("no match[] given")
	}
	most, err := limitOf(r)
	if err != nil {
		return nil, err
	}
	var found []labels.Labels
	err = e.reading(r, func(ctx context.Context, q storage.Querier) error {
		var sets []storage.SeriesSet
		for _, m := range matchers {
			sets = append(sets, q.Select(ctx, true, nil, m...))
		}
		merged := storage.NewMergeSeriesSet(sets, 0, storage.ChainedSeriesMerge)
		for len(found) <= most && merged.Next() { // one more than is told shows that there are more
			found = append(found, merged.At().Labels())
		}
		return merged.Err()
	})
	return cut(found, most), err
}

func (e *Engine) labelNames(r *http.Request) (any, error) {
	return e.listed(r, func(ctx context.Context, q storage.Querier, hints *storage.LabelHints, m []*labels.Matcher) ([]string, error) {
		names, _, err := q.LabelNames(ctx, hints, m...)
		return names, err
	})
}

func (e *Engine) labelValues(r *http.Request) (any, error) {
	name := r.PathValue("name")
	if !model.LegacyValidation.IsValidLabelName(name) {
		return nil, badData("invalid label name %q", name)
	}
	return e.listed(r, func(ctx context.Context, q storage.Querier, hints *storage.LabelHints, m []*labels.Matcher) ([]string, error) {
		values, _, err := q.LabelValues(ctx, name, hints, m...)
		return values, err
	})
}

// listed is what ask finds for any of the request's matchers.
func (e *Engine) listed(r *http.Request, ask func(context.Context, storage.Querier, *storage.LabelHints, []*labels.Matcher) ([]string, error)) (any, error) {
	matchers, err := matchersOf(r)
	if err != nil {
		return nil, err
	}
	if len(matchers) == 0 {
		matchers = [][]*labels.Matcher{nil}
	}
	most, err := limitOf(r)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	err = e.reading(r, func(ctx context.Context, q storage.Querier) error {
		for _, m := range matchers {
			names, err := ask(ctx, q, &storage.LabelHints{Limit: most + 1}, m)
			if err != nil {
				return err
			}
			for _, name := range names {
				found[name] = true
			}
		}
		return nil
	})
	return cut(slices.Sorted(maps.Keys(found)), most), err
}

// metric is what one process says about a metric of its own.
type metric struct {
	Type string `json:"type"`
	Help string `json:"help"`
	Unit string `json:"unit"`
}

// metadata tells type and help of the metrics scraped last.
func (e *Engine) metadata(r *http.Request) (any, error) {
	most, err := limitOf(r)
	if err != nil {
		return nil, err
	}
	wanted, found := r.Form.Get("metric"), map[string][]metric{}
	for _, pool := range e.scraper.TargetsActive() {
		for _, target := range pool {
			for _, m := range target.ListMetadata() {
				one := metric{string(m.Type), m.Help, m.Unit}
				known := found[m.MetricFamily]
				if wanted != "" && m.MetricFamily != wanted || slices.Contains(known, one) || known == nil && len(found) >= most {
					continue
				}
				found[m.MetricFamily] = append(known, one)
			}
		}
	}
	return found, nil
}

func matchersOf(r *http.Request) ([][]*labels.Matcher, error) {
	var all [][]*labels.Matcher
	for _, selector := range r.Form["match[]"] {
		if len(selector) > longestQuery {
			return nil, badData("match[] of more than %d bytes", longestQuery)
		}
		matchers, err := parser.ParseMetricSelector(selector)
		if err != nil {
			return nil, badData("match[]: %w", err)
		}
		all = append(all, matchers)
	}
	return all, nil
}

// reading runs f with a querier over the time range of the request.
func (e *Engine) reading(r *http.Request, f func(context.Context, storage.Querier) error) error {
	return e.seated(r, func(ctx context.Context, start, end int64) error {
		q, err := e.db.Querier(start, end)
		if err != nil {
			return err
		}
		defer q.Close()
		return f(ctx, q)
	})
}

// seated runs f for the time range of the request, by default everything, in
// milliseconds since 1970, for as long as a guest may ask.
func (e *Engine) seated(r *http.Request, f func(ctx context.Context, start, end int64) error) error {
	start, err := timeOf(r, "start", time.UnixMilli(0))
	if err != nil {
		return err
	}
	end, err := timeOf(r, "end", time.Now().Add(time.Minute))
	if err != nil {
		return err
	}
	if end.Before(start) {
		return badData("end is before start")
	}
	leave, err := e.guests.sit(r.Context())
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), guestTimeout)
	defer cancel()
	err = f(ctx, start.UnixMilli(), end.UnixMilli())
	if errors.Is(err, context.DeadlineExceeded) {
		return &apiError{"timeout", http.StatusServiceUnavailable, err}
	}
	return err
}
