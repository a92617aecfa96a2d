package gate

import (
	_ "embed"
	"net/http"
)

// openAPI describes the citizen API. It is kept by hand, because the routes it
// describes are written for speed; a test holds the two together.
//
//go:embed openapi.json
var openAPI []byte

// showOpenAPI is GET /openapi.json.
func showOpenAPI(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = []string{"application/openapi+json"}, keysCache
	w.Write(openAPI)
}
