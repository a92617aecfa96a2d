package consensus

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"
)

// recoveryFile in a node's directory names the members of a cluster that has
// lost its quorum for good; the README beside this package says how and when
// to write it.
const recoveryFile = "peers.json"

// recover makes the members named in the recovery file the whole cluster, with
// all this node has in its log: what was acknowledged, and perhaps what was
// not. The file is then put aside, so that it is obeyed once.
func (n *Node) recover(settings *raft.Config) error {
	path := filepath.Join(n.config.Dir, recoveryFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	members, err := raft.ReadConfigJSON(path)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	// The plan built here is thrown away: the node reads the new snapshot.
	scratch := newState(nil, slog.New(slog.DiscardHandler))
	err = raft.RecoverCluster(settings, scratch, n.store.logs, n.store.logs, n.store.snapshots, n.config.Transport, members)
	if err != nil {
		return fmt.Errorf("recover from %s: %w", path, err)
	}
	if scratch.failure != nil {
		return fmt.Errorf("recover from %s: %w", path, scratch.failure)
	}
	aside := path + "." + time.Now().UTC().Format("20060102T150405")
	if err := os.Rename(path, aside); err != nil {
		return fmt.Errorf("put %s aside: %w", path, err)
	}
	n.logger.Warn("recovered from a lost quorum", "members", len(members.Servers), "index", scratch.plan.Load().Index, "file", aside)
	return nil
}
