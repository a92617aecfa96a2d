package gate

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"sunbeon/internal/problem"
)

// readJSON decodes a small JSON body: exactly one value of type
// application/json, which a form of another site cannot send.
func readJSON(w http.ResponseWriter, r *http.Request, limit int64, into any) *problem.Problem {
	if !isJSON(r) {
		return notJSON()
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return bodyTooLarge()
	case err != nil:
		return problem.New(http.StatusBadRequest, "malformed", "The body is not the JSON document asked for.")
	}
	return nil
}

// isJSON reports whether a request says that its body is JSON, mostly in just the
// words that need no reading.
func isJSON(r *http.Request) bool {
	said := r.Header.Get("Content-Type")
	if said == "application/json" {
		return true
	}
	media, _, err := mime.ParseMediaType(said)
	return err == nil && media == "application/json"
}

func notJSON() *problem.Problem {
	return problem.New(http.StatusUnsupportedMediaType, "not_json", "Send the body as application/json.")
}

func bodyTooLarge() *problem.Problem {
	return problem.New(http.StatusRequestEntityTooLarge, "body_too_large", "The body is larger than this request may be.")
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		problem.Write(w, http.StatusInternalServerError, "internal", "")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(append(body, '\n'))
}
