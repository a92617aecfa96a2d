package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"
	"golang.org/x/sync/errgroup"

	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/plan"
)

// Restart of a node whose plan is as full as it can get.
type Restart struct {
	Bytes     int     `json:"snapshot_bytes"`
	SnapshotS float64 `json:"snapshot_s"`
	// RestartS is from opening the directory until the plan is held again.
	RestartS float64 `json:"restart_s"`
}

// restart fills the plan of a node on its own, has it write a snapshot, and
// opens it again.
func restart(ctx context.Context, dir string) (_ Restart, err error) {
	var out Restart
	node, err := openAlone(filepath.Join(dir, "full"))
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	for {
		if _, err := node.Read(ctx, consensus.Linearizable); err == nil {
			break
		} else if ctx.Err() != nil {
			return out, err
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := fill(ctx, node); err != nil {
		return out, fmt.Errorf("fill the plan: %w", err)
	}
	full, index := node.Plan()
	out.Bytes = len(plan.Encode(full))

	began := time.Now()
	if err := node.Snapshot(); err != nil {
		return out, err
	}
	out.SnapshotS = time.Since(began).Seconds()
	if err := node.Close(); err != nil {
		return out, err
	}
	began = time.Now()
	if node, err = openAlone(filepath.Join(dir, "full")); err != nil {
		return out, err
	}
	out.RestartS = time.Since(began).Seconds()
	if again, at := node.Plan(); at != index || again.Hash() != full.Hash() {
		return out, fmt.Errorf("the plan at index %d came back as another at %d", index, at)
	}
	return out, nil
}

func openAlone(dir string) (*consensus.Node, error) {
	address, transport := raft.NewInmemTransport("full")
	return consensus.Open(consensus.Config{
		ID: "full", Dir: dir, Transport: transport, Bootstrap: true,
		Peers: []consensus.Peer{{ID: "full", Address: string(address)}},
	})
}

// fill brings every section that grows to its bound.
func fill(ctx context.Context, node *consensus.Node) error {
	commands := make(chan plan.Command)
	group, ctx := errgroup.WithContext(ctx)
	for range 64 { // so many share one sync of the log
		group.Go(func() error {
			for c := range commands {
				c.Actor, c.Reason = "bench", "measurement"
				if result, err := node.Submit(ctx, c); err != nil || !result.OK {
					return fmt.Errorf("%s: %s %w", c.Kind, result.Detail, err)
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(commands)
		return eachOfFull(time.Now(), func(c plan.Command) error {
			select {
			case commands <- c:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	return group.Wait()
}
