package opsapi

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"sunbeon/controlplane/audit"
	"sunbeon/controlplane/plan"
)

// Audit is a stretch of one of this node's journals.
type Audit struct {
	Node string `json:"node"`
	// Last and Chain are where the journal ends.
	Last  uint64 `json:"last"`
	Chain string `json:"chain"`
	// Trimmed tells that the node let its oldest files go: what is left does
	// not begin with the first link.
	Trimmed bool           `json:"trimmed,omitempty"`
	Lines   []audit.Record `json:"lines"`
}

func (a *API) mountAudit(r registrar) {
	get(r, "/v1/audit/{journal}", "read-audit",
		"Committed commands with their results (the same on every node), or this node's reads and denials; a hash chain",
		func(_ context.Context, in *struct {
			Journal string `path:"journal" enum:"commands,access"`
			Since   uint64 `query:"since" doc:"lines after this index"`
			Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		}) (*struct{ Body Audit }, error) {
			journal := a.commands
			if in.Journal == "access" {
				journal = a.access
			}
			if journal == nil {
				return nil, refuse(http.StatusNotFound, plan.NotFound, "this node keeps no such journal")
			}
			lines, err := journal.Read(in.Since, in.Limit)
			if err != nil {
				return nil, err
			}
			last, chain := journal.Head()
			return &struct{ Body Audit }{Audit{
				Node: a.node.ID(), Last: last, Chain: hex.EncodeToString(chain[:]), Trimmed: journal.Trimmed(), Lines: lines,
			}}, nil
		})
}

// access is one line of the journal of reads and denials.
type access struct {
	TimeMS   int64     `json:"time_ms"`
	Operator string    `json:"operator,omitempty"`
	Role     plan.Role `json:"role,omitempty"`
	Address  string    `json:"address"`
	Method   string    `json:"method"`
	Path     string    `json:"path"`
	// Denied is the code it was refused with; empty for a read.
	Denied string `json:"denied,omitempty"`
}

// note keeps a read or a denial. Changes are in the journal of commands, and
// what is sent too often would only fill the disk.
func (a *API) note(r *http.Request, who Operator, denied string) {
	if a.access == nil || denied == tooManyFailures || denied == tooManyRequests || denied == "" && r.Method != http.MethodGet {
		return
	}
	entry, err := json.Marshal(access{
		TimeMS: a.now().UnixMilli(), Operator: who.Name, Role: who.Role, Address: clientAddress(r),
		Method: r.Method, Path: r.URL.Path, Denied: denied,
	})
	if err == nil {
		a.access.AppendNext(entry)
	}
}
