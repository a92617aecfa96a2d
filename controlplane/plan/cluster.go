package plan

// Cluster is what the nodes know about themselves.
type Cluster struct {
	Revision
	// MinVersion is the lowest version of this program any node may run. A
	// command that is younger than it is refused, so that no node meets a
	// command it does not know while an upgrade is rolling.
	MinVersion int `json:"min_version"`
	// Term is the highest Raft term in which a leader has given a command, and
	// Leader is who gave the first in it.
	Term   uint64 `json:"term"`
	Leader string `json:"leader,omitempty"`
}

// RaiseVersion is the body of cluster.version.
type RaiseVersion struct {
	MinVersion int `json:"min_version"`
}

// raiseVersion never lowers the version. One this program does not know stops
// the node: from now on commands may come that it does not know either.
func raiseVersion(d *draft, b RaiseVersion) error {
	if err := d.unchanged(d.Cluster.Revision); err != nil {
		return err
	}
	switch {
	case b.MinVersion > Version:
		return &UnknownCommandError{Kind: d.command.Kind}
	case b.MinVersion < d.Cluster.MinVersion:
		return refuse(Conflict, "the cluster is at version %d already", d.Cluster.MinVersion)
	}
	d.Cluster.Revision, d.Cluster.MinVersion = d.now(), b.MinVersion
	return nil
}
