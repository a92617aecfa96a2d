package fairness

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"sunbeon/reservation/waitingroom/record"
)

// The paths under which a record is published.
const (
	IndexPath      = "/v1/record"
	SegmentPath    = "/v1/record/"
	CheckpointPath = "/v1/checkpoint"
)

// Index lists what there is to fetch.
type Index struct {
	Origin   string           `json:"origin"`
	Key      string           `json:"key"` // in the text form of signed notes
	Segments []record.Segment `json:"segments"`
}

// Source is the log being published.
type Source interface {
	Published() []record.Segment
}

// Published serves the public data of a log.
type Published struct {
	Dir    string
	Log    Source
	Origin string
	Key    string
	// Checkpoint returns the latest signed checkpoint.
	Checkpoint func() ([]byte, error)
}

// Handler serves the index, the durable part of every segment and the latest
// checkpoint. All of it is public and may be cached.
func (p *Published) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+IndexPath, p.index)
	mux.HandleFunc("GET "+SegmentPath+"{name}", p.segment)
	mux.HandleFunc("GET "+CheckpointPath, p.checkpoint)
	return mux
}

func (p *Published) index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=1")
	// An error here is the reader's connection, and nobody is left to tell.
	_ = json.NewEncoder(w).Encode(Index{Origin: p.Origin, Key: p.Key, Segments: p.Log.Published()})
}

// segment serves one file up to where it is durable. Only listed names are
// opened, so no path leads out of the directory.
func (p *Published) segment(w http.ResponseWriter, r *http.Request) {
	for _, s := range p.Log.Published() {
		if s.Name != r.PathValue("name") {
			continue
		}
		file, err := os.Open(filepath.Join(p.Dir, s.Name))
		if err != nil {
			http.Error(w, "segment cannot be read", http.StatusInternalServerError)
			return
		}
		defer file.Close()
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Cache-Control", "public, max-age=1")
		w.Header().Set("ETag", strconv.Quote(strconv.FormatInt(s.Bytes, 10)))
		http.ServeContent(w, r, s.Name, time.Time{}, io.NewSectionReader(file, 0, s.Bytes))
		return
	}
	http.NotFound(w, r)
}

func (p *Published) checkpoint(w http.ResponseWriter, _ *http.Request) {
	signed, err := p.Checkpoint()
	if err != nil {
		http.Error(w, "no checkpoint", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=1")
	_, _ = w.Write(signed)
}
