package consensus

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/hashicorp/go-hclog"
)

// hclogTo makes the logger that raft wants, which writes to l. Raft's debug
// messages are left out: there are several a second.
func hclogTo(l *slog.Logger) hclog.Logger {
	logger := hclog.NewInterceptLogger(&hclog.LoggerOptions{Name: "raft", Level: hclog.Info, Output: io.Discard})
	logger.RegisterSink(sink{l})
	return logger
}

type sink struct{ logger *slog.Logger }

// Accept implements [hclog.SinkAdapter].
func (s sink) Accept(name string, level hclog.Level, msg string, args ...any) {
	var to slog.Level
	switch level {
	case hclog.Info:
		to = slog.LevelInfo
	case hclog.Warn:
		to = slog.LevelWarn
	case hclog.Error:
		to = slog.LevelError
	default:
		return
	}
	if !s.logger.Enabled(context.Background(), to) {
		return
	}
	for i, a := range args {
		switch a := a.(type) {
		case hclog.Format:
			if len(a) > 0 {
				args[i] = fmt.Sprintf(fmt.Sprint(a[0]), a[1:]...)
			}
		case error: // slog says what it says
		case fmt.Stringer:
			args[i] = a.String()
		}
	}
	s.logger.Log(context.Background(), to, msg, append(args, "component", name)...)
}
