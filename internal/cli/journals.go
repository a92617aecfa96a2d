package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"sunbeon/controlplane/audit"
	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/plan"
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

const (
	// headsEvery is how often a node has the plan keep the heads of its journals.
	headsEvery = time.Minute
	// headsFirst is how soon it does so for the first time: by its head the others
	// know that they have met it, also when it has long been silent.
	headsFirst = time.Second
)

// publishHeads has the plan keep where the journals stand, until ctx ends. From
// there the heads reach every node and every follower of the watch, so that a
// record rewritten from its beginning, or cut short, is convicted. One that is
// not taken is made good by the next.
func (j *journals) publishHeads(ctx context.Context, node *consensus.Node, logger *slog.Logger) error {
	for wait := headsFirst; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		for name, journal := range map[string]*audit.Journal{"commands": j.commands, "access": j.access} {
			if err := publishHead(ctx, node, plan.AuditOrigin(name, node.ID()), journal); err != nil && ctx.Err() == nil {
				logger.Debug("audit head", "journal", name, "error", err)
			}
		}
		if p, _ := node.Plan(); p.Checkpoints[plan.AuditOrigin("commands", node.ID())].Size > 0 {
			wait = headsEvery
		}
	}
}

func publishHead(ctx context.Context, node *consensus.Node, origin string, journal *audit.Journal) error {
	// What the head says must be on the disk: a journal that lost its end in a
	// crash would be taken for one that was cut short.
	last, chain, err := journal.SyncedHead()
	p, _ := node.Plan()
	if err != nil || last == 0 || p.Checkpoints[origin].Size == int64(last) {
		return err
	}
	c, err := plan.NewCommand(plan.CheckpointPublish, plan.PublishCheckpoint{
		Origin: origin, Size: int64(last), Root: hex.EncodeToString(chain[:]),
	})
	if err != nil {
		return err
	}
	c.Actor = node.ID()
	ctx, cancel := context.WithTimeout(ctx, headsEvery/2)
	defer cancel()
	result, err := node.Submit(ctx, c)
	if err == nil && !result.OK {
		err = errors.New(result.Code + ": " + result.Detail)
	}
	return err
}
