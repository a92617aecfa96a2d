package browsertest

import (
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Throttle makes the connection this slow, both ways, with a round trip of
// latencyMS, and keeps nothing from one page to the next.
func (b *Browser) Throttle(kilobits, latencyMS float64) {
	b.t.Helper()
	perSecond := kilobits * 1000 / 8
	_, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{})
	if err == nil {
		_, err = chromedp.Call(b.ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
	}
	if err == nil {
		_, err = chromedp.Call(b.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{Latency: latencyMS, DownloadThroughput: perSecond, UploadThroughput: perSecond}},
		})
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// Weight is how many bytes the page and all it needs took over the wire.
func (b *Browser) Weight() int {
	b.t.Helper()
	return Eval[int](b, `performance.getEntriesByType("navigation").concat(performance.getEntriesByType("resource"))
		.reduce((sum, e) => sum + e.transferSize, 0)`)
}
