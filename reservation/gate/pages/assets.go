package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"path"
)

// The scripts. Each makes its pages kinder; none is needed to get through.
const (
	// WaitScript keeps a waiting person's figures true and speaks at
	// milestones.
	WaitScript = "wait.js"
	// LimitScript warns before a pass runs out and extends it.
	LimitScript = "limit.js"
	// AgainScript asks again when it is time to.
	AgainScript = "again.js"
	// VerifyScript recomputes a turn in the browser.
	VerifyScript = "verify.js"
)

//go:embed assets
var assets embed.FS

// assetAddress is where a file is served. It changes with what is in the file,
// so that browsers keep it for good and never show an old one.
func assetAddress(name string) (string, error) {
	data, err := assets.ReadFile("assets/" + name)
	if err != nil {
		return "", fmt.Errorf("page asset: %w", err)
	}
	sum := sha256.Sum256(data)
	return "/assets/" + name + "?v=" + hex.EncodeToString(sum[:6]), nil
}

// Asset serves GET /assets/{name}.
func Asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	data, err := assets.ReadFile(path.Join("assets", path.Base(name)))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Write(data)
}
