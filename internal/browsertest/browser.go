// Package browsertest drives a real Chromium in tests and checks pages the
// way people with different bodies, screens and connections meet them: by
// axe-core against WCAG 2.2 A and AA, and by checks of its own for what no
// rule engine sees (KWCAG 2.2). Only tests import it.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// patience bounds one step in the browser.
const patience = 30 * time.Second

// Browser is one tab of a headless Chromium with an empty profile.
type Browser struct {
	t   testing.TB
	ctx context.Context
}

// Size is a window's, in CSS pixels.
type Size struct {
	Name          string
	Width, Height int64
}

// The screens pages are looked at on. Zoomed is a 1280 pixel window at 400 %.
var (
	Phone   = Size{"phone", 360, 740}
	Desktop = Size{"desktop", 1280, 800}
	Zoomed  = Size{"zoomed", 320, 256}
)

// Open starts a browser that ends with the test. Without Chromium the test is
// left out loudly, or fails where CI=true.
func Open(t testing.TB) *Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("chromium is not installed")
	}
	if err != nil {
		t.Skip("NOT TESTED: chromium is not installed (Debian package chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &Browser{t: t, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil { // without a deadline: it would be the browser's
		t.Fatal("start browser:", err)
	}
	return b
}

// Do takes steps, each of which must succeed.
func (b *Browser) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	for _, step := range steps {
		ctx, cancel := context.WithTimeout(b.ctx, patience)
		err := chromedp.Do(ctx, step)
		cancel()
		if err != nil {
			b.t.Fatalf("in the browser at %s: %v", b.where(), err)
		}
	}
}

// where is the page's address and its beginning, for messages.
func (b *Browser) where() string {
	ctx, cancel := context.WithTimeout(b.ctx, time.Second)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Evaluate[string](
		`location.href + " " + JSON.stringify(document.body ? document.body.innerText.slice(0, 300) : "")`))
	if err != nil {
		return err.Error()
	}
	return at
}

// Eval returns the value of an expression in the page, promises awaited.
func Eval[T any](b *Browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("evaluate %.80q: %v", expression, err)
	}
	return value
}

// Go opens an address and waits until it is loaded.
func (b *Browser) Go(url string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(url))
}

// Press clicks what the selector finds and waits for the page it leads to.
func (b *Browser) Press(selector string) {
	b.t.Helper()
	Eval[bool](b, `document.documentElement.dataset.left = "1", true`)
	b.Do(chromedp.Click(chromedp.CSS(selector)))
	b.Await(`document.documentElement.dataset.left === undefined && document.readyState === "complete"`)
}

// Await waits until the expression is true, on whatever page there is then.
func (b *Browser) Await(expression string) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		ctx, cancel := context.WithTimeout(b.ctx, time.Second)
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		cancel()
		if err == nil && holds {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("never true: %s (%v) at %s", expression, err, b.where())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Text is what the page shows to be read.
func (b *Browser) Text() string {
	b.t.Helper()
	return Eval[string](b, `document.body.innerText`)
}

// Resize makes the window this large.
func (b *Browser) Resize(s Size) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(s.Width, s.Height))
}

// DisableScripts keeps pages from running any script, from the next page on.
func (b *Browser) DisableScripts() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		b.t.Fatal(err)
	}
}

// Shoot keeps a picture of the whole page where SUNBEON_SCREENSHOTS names a
// directory.
func (b *Browser) Shoot(name string) {
	b.t.Helper()
	dir := os.Getenv("SUNBEON_SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// SetCookie gives the browser a cookie of the site.
func (b *Browser) SetCookie(site, name, value string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: site})
	if err != nil {
		b.t.Fatal(err)
	}
}

// ClearCookies makes the browser a stranger.
func (b *Browser) ClearCookies() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		b.t.Fatal(err)
	}
}
