package cli

import (
	"errors"
	"log/slog"
	"path/filepath"

	"sunbeon/controlplane/audit"
)

// journals are a control-plane node's audit.
type journals struct{ commands, access *audit.Journal }

func openJournals(data string) (*journals, error) {
	dir := filepath.Join(data, "audit")
	commands, err := audit.Open(dir, "commands")
	if err != nil {
		return nil, err
	}
	access, err := audit.Open(dir, "access")
	if err != nil {
		return nil, errors.Join(err, commands.Close())
	}
	return &journals{commands, access}, nil
}

// close comes after the node's own end, which still tells commands.
func (j *journals) close(logger *slog.Logger) {
	if err := errors.Join(j.commands.Close(), j.access.Close()); err != nil {
		logger.Error("close audit", "error", err)
	}
}
