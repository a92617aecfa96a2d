package cli

import (
	"github.com/spf13/pflag"

	"sunbeon/internal/observability"
)

// observe adds the flags about logs and traces that every process has.
func observe(flags *pflag.FlagSet, cfg *observability.Config) {
	flags.StringVar(&cfg.LogLevel, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&cfg.OTLPEndpoint, "otlp-endpoint", "", "`URL` of an OTLP collector that traces are sent to, such as http://127.0.0.1:4318")
	flags.Float64Var(&cfg.TraceShare, "trace-share", 0.01, "share of new traces that are sent")
	flags.StringVar(&cfg.LokiURL, "loki-url", "", "`URL` a copy of each log line is pushed to, such as http://127.0.0.1:3100/loki/api/v1/push")
}
