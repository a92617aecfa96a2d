package fairness

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"sunbeon/internal/problem"
	"sunbeon/reservation/waitingroom/record"
)

// The paths under which a record is published.
const (
	IndexPath      = "/v1/record"
	SegmentPath    = "/v1/record/"
	CheckpointPath = "/v1/checkpoint"
	// WitnessedPath lists the latest checkpoints that witnesses have signed;
	// they send theirs to CheckpointPath.
	WitnessedPath = "/v1/witnessed"
	// InclusionPath, followed by the number of a group, proves that group;
	// ConsistencyPath, followed by a size, proves that the log has only grown
	// since it had that size.
	InclusionPath   = "/v1/inclusion/"
	ConsistencyPath = "/v1/consistency/"
)

// Index lists what there is to fetch.
type Index struct {
	Origin   string           `json:"origin"`
	Key      string           `json:"key"` // in the text form of signed notes
	Segments []record.Segment `json:"segments"`
}

// Inclusion proves that the record has a group, by a signed checkpoint.
type Inclusion struct {
	Group uint64 `json:"group"`
	// Path is base64, lowest sibling first.
	Path       []string `json:"path"`
	Checkpoint string   `json:"checkpoint"`
}

// Consistency proves that a checkpoint continues the record's first From
// groups.
type Consistency struct {
	From       uint64   `json:"from"`
	Path       []string `json:"path"`
	Checkpoint string   `json:"checkpoint"`
}

// Cosigned are checkpoints that witnesses have signed.
type Cosigned struct {
	Checkpoints []string `json:"checkpoints"`
}

// maxNote bounds what a witness sends, in bytes.
const maxNote = 16 << 10

// Routes are what [Publisher.Handler] serves, as patterns of [http.ServeMux].
var Routes = []string{
	"GET " + IndexPath, "GET " + SegmentPath + "{name}", "GET " + CheckpointPath,
	"GET " + InclusionPath + "{group}", "GET " + ConsistencyPath + "{size}",
	"POST " + CheckpointPath, "GET " + WitnessedPath,
}

// Handler serves the index, the durable part of every segment, the latest
// checkpoint and proofs towards it. All of it is public and may be cached.
func (p *Publisher) Handler() http.Handler {
	mux := http.NewServeMux()
	for i, serve := range []http.HandlerFunc{
		p.index, p.segment, p.checkpoint, p.inclusion, p.consistency, p.cosign, p.showWitnessed,
	} {
		mux.HandleFunc(Routes[i], serve)
	}
	return mux
}

func (p *Publisher) index(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, Index{Origin: p.config.Origin, Key: p.key, Segments: p.config.Log.Published()})
}

// segment serves one file up to where it is durable. Only listed names are
// opened, so no path leads out of the directory.
func (p *Publisher) segment(w http.ResponseWriter, r *http.Request) {
	for _, s := range p.config.Log.Published() {
		if s.Name != r.PathValue("name") {
			continue
		}
		file, err := os.Open(filepath.Join(p.config.Dir, s.Name))
		if err != nil {
			problem.Write(w, http.StatusInternalServerError, "internal", "This file of the record cannot be read.")
			return
		}
		defer file.Close()
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Cache-Control", "public, max-age=1")
		w.Header().Set("ETag", strconv.Quote(strconv.FormatInt(s.Bytes, 10)))
		http.ServeContent(pace(w), r, s.Name, time.Time{}, io.NewSectionReader(file, 0, s.Bytes))
		return
	}
	problem.Write(w, http.StatusNotFound, "no_segment", "The record has no such file.")
}

func (p *Publisher) checkpoint(w http.ResponseWriter, _ *http.Request) {
	latest := p.latest.Load()
	if latest == nil {
		refuse(w, ErrNoCheckpoint)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=1")
	_, _ = w.Write(latest.note)
}

// cosign is how a witness hands in its signature.
func (p *Publisher) cosign(w http.ResponseWriter, r *http.Request) {
	signed, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxNote))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		problem.Write(w, http.StatusRequestEntityTooLarge, "body_too_large", "A checkpoint with its signatures is shorter.")
		return
	case err != nil:
		problem.Write(w, http.StatusBadRequest, "malformed", "The request could not be read to its end.")
		return
	}
	switch err := p.Cosign(signed); {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, ErrUnknownWitness):
		problem.Write(w, http.StatusForbidden, "unknown_witness", "This log does not know the key of any witness that signed.")
	case errors.Is(err, ErrStaleCheckpoint):
		problem.Write(w, http.StatusConflict, "stale_checkpoint", "Sign the latest checkpoint, as "+CheckpointPath+" shows it.")
	case errors.Is(err, ErrCheckpoint):
		problem.Write(w, http.StatusBadRequest, "bad_checkpoint", err.Error())
	default:
		problem.Write(w, http.StatusInternalServerError, "internal", "")
	}
}

func (p *Publisher) showWitnessed(w http.ResponseWriter, _ *http.Request) {
	answer := Cosigned{Checkpoints: []string{}}
	for _, signed := range p.Witnessed() {
		answer.Checkpoints = append(answer.Checkpoints, string(signed))
	}
	writeJSON(w, answer)
}

func (p *Publisher) inclusion(w http.ResponseWriter, r *http.Request) {
	group, err := strconv.ParseUint(r.PathValue("group"), 10, 64)
	if err != nil {
		problem.Write(w, http.StatusBadRequest, "malformed", "Name the group by its number.")
		return
	}
	proof, err := p.Inclusion(group)
	if err != nil {
		refuse(w, err)
		return
	}
	writeJSON(w, proof)
}

func (p *Publisher) consistency(w http.ResponseWriter, r *http.Request) {
	size, err := strconv.ParseUint(r.PathValue("size"), 10, 64)
	if err != nil {
		problem.Write(w, http.StatusBadRequest, "malformed", "Name the size by the number of groups.")
		return
	}
	proof, err := p.Consistency(size)
	if err != nil {
		refuse(w, err)
		return
	}
	writeJSON(w, proof)
}

// refuse answers a question about what no checkpoint covers yet.
func refuse(w http.ResponseWriter, err error) {
	if errors.Is(err, ErrNoCheckpoint) {
		problem.WriteRetry(w, http.StatusServiceUnavailable, "no_checkpoint", err.Error(), CheckpointEvery)
		return
	}
	problem.Write(w, http.StatusInternalServerError, "internal", "")
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=1")
	// An error here is the reader's connection, and nobody is left to tell.
	_ = json.NewEncoder(w).Encode(value)
}

func encodePath(path [][]byte) []string {
	text := make([]string, len(path))
	for i, hash := range path {
		text[i] = base64.StdEncoding.EncodeToString(hash)
	}
	return text
}
