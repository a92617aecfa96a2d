package browsertest

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

// axe is axe-core as its registry package has it; its licence lies beside it.
//
//go:embed axe/axe.min.js
var axe string

//go:embed check.js
var ownChecks string

// Check reports everything that keeps somebody from using the page the
// browser is on, in its present size. It gives the page's focus away.
func (b *Browser) Check(name, language string) {
	b.t.Helper()
	if Eval[bool](b, `!window.axe`) {
		Eval[bool](b, axe+"\n;true")
	}
	for _, found := range Eval[[]string](b, `axe.run(document, {
		runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]},
		resultTypes: ["violations"],
	}).then(r => r.violations.flatMap(v => v.nodes.map(n =>
		v.id + ": " + n.html.slice(0, 160) + " " + n.any.concat(n.all, n.none).map(c => c.message).join("; "))))`) {
		b.t.Errorf("%s: axe: %s", name, found)
	}
	for _, found := range Eval[[]string](b, fmt.Sprintf("(%s)(%q)", strings.TrimSpace(ownChecks), language)) {
		b.t.Errorf("%s: %s", name, found)
	}
	b.checkFocus(name)
}

// tab is the key that moves the focus on.
const tab = "\t"

// checkFocus walks the page by keyboard: the skip link comes first and shows
// itself, and the focus follows the order of reading, always visible.
func (b *Browser) checkFocus(name string) {
	b.t.Helper()
	// The browser goes on from where the focus was last, so it is put before
	// everything first.
	stops := Eval[int](b, `(() => { const start = document.createElement("span"); start.tabIndex = -1;
		document.body.prepend(start); start.focus(); start.remove(); window.scrollTo(0, 0); })(), [...document.querySelectorAll(
		"a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]")].filter(e => e.checkVisibility() && e.tabIndex >= 0).length`)
	if stops == 0 {
		b.t.Errorf("%s: nothing can be reached by keyboard", name)
	}
	Eval[bool](b, `window.walked = [], true`)
	for n := range min(stops, 12) {
		b.Do(chromedp.KeyEvent(tab))
		complaint := Eval[string](b, `(() => {
			const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
			const what = e.outerHTML.slice(0, 80);
			if (e === document.body) return "";
			if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) return "focus is not to be seen on " + what;
			if (box.right <= 0 || box.bottom <= 0 || box.left >= innerWidth || box.top >= innerHeight) return "focus is outside the window on " + what;
			const last = window.walked.at(-1);
			window.walked.push(e);
			if (last && last !== e && !(last.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING)) return "focus goes back to " + what;
			return "";
		})()`)
		if complaint != "" {
			b.t.Errorf("%s: %s", name, complaint)
		}
		if n > 0 {
			continue
		}
		if skips := Eval[bool](b, `(() => { const e = document.activeElement, to = e.getAttribute("href") || "";
			return to.startsWith("#") && document.querySelector(to)?.tagName === "MAIN"; })()`); !skips {
			b.t.Errorf("%s: the first stop of the keyboard does not skip to the content", name)
		}
	}
}

// CheckReflow reports text that has to be scrolled sideways in a window of
// 320 CSS pixels, which is what 400 % magnification leaves of 1280.
func (b *Browser) CheckReflow(name string) {
	b.t.Helper()
	if found := Eval[[]string](b, `(() => {
		if (document.scrollingElement.scrollWidth <= innerWidth) return [];
		return [...document.querySelectorAll("body *")].filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
			.slice(-3).map(e => e.outerHTML.slice(0, 120)).concat("page is " + document.scrollingElement.scrollWidth + " wide");
	})()`); len(found) > 0 {
		b.t.Errorf("%s: does not fit 320 pixels: %s", name, strings.Join(found, " · "))
	}
}
