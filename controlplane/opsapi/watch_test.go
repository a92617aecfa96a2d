package opsapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/opsapi/stream"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

// open starts a watch of the ops side and returns its messages.
func (w *world) watch(ctx context.Context, query, lastEventID string) *stream.Reader {
	w.t.Helper()
	return w.watchAs(ctx, commanderToken, query, lastEventID)
}

func (w *world) watchAs(ctx context.Context, token, query, lastEventID string) *stream.Reader {
	w.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.ops.URL+"/v1/watch"+query, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if lastEventID != "" {
		req.Header.Set("Last-Event-ID", lastEventID)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		w.t.Fatal(problem.Read(resp))
	}
	return stream.NewReader(resp.Body)
}

func read(t *testing.T, r *stream.Reader, want stream.Kind) stream.Message {
	t.Helper()
	for {
		m, err := r.Next()
		if err != nil {
			t.Fatalf("waiting for %s: %v", want, err)
		}
		if m.Kind == want {
			return m
		}
		if m.Kind != stream.Bookmark {
			t.Fatalf("got %s, want %s", m.Kind, want)
		}
	}
}

func TestWatchTellsSnapshotChangesAndBookmarks(t *testing.T) {
	w := newWorld(t)
	w.submit(plan.HoldSet, plan.SetHold{Scope: plan.All})
	r := w.watch(t.Context(), "?topics=holds,freezes", "")

	first := read(t, r, stream.Snapshot)
	if len(first.Changes) != 1 || first.Changes[0].Topic != plan.TopicHolds {
		t.Errorf("snapshot of holds: %+v", first.Changes)
	}
	w.submit(plan.OverrideSet, plan.SetOverride{Target: plan.TargetAdmission, Value: 1, UntilMS: time.Now().Add(time.Minute).UnixMilli()})
	w.submit(plan.HoldRelease, plan.ReleaseHold{Scope: plan.All})
	change := read(t, r, stream.Change)
	if len(change.Changes) != 1 || change.Changes[0].Key != plan.All || len(change.Changes[0].Value) != 0 {
		t.Errorf("release: %+v", change.Changes)
	}
	if bookmark := read(t, r, stream.Bookmark); bookmark.Index < change.Index || bookmark.LeaderAge > time.Second {
		t.Errorf("bookmark %+v after %d", bookmark, change.Index)
	}

	resumed := w.watch(t.Context(), "?topics=holds", "1")
	if m := read(t, resumed, stream.Change); len(m.Changes[0].Value) == 0 {
		t.Errorf("resumed from 1 with %+v, want the hold", m)
	}
}

// Whoever is shut out must not go on reading.
func TestAWatchEndsWithItsToken(t *testing.T) {
	w := newWorld(t)
	r := w.watchAs(t.Context(), w.operator(plan.Viewer), "?topics=holds", "")
	read(t, r, stream.Snapshot)
	w.submit(plan.OperatorRemove, plan.RemoveOperator{Name: "the-viewer"})
	for {
		if _, err := r.Next(); err != nil {
			break // the test's own end is the other one
		}
	}
	if t.Context().Err() != nil {
		t.Error("it went on")
	}
}

// An index from another cluster's life is not waited for.
func TestAnIndexThatNeverWasIsAnsweredWithTheWholePlan(t *testing.T) {
	w := newWorld(t)
	w.submit(plan.HoldSet, plan.SetHold{Scope: plan.All})
	r := w.watch(t.Context(), "?topics=holds", "18446744073709551615")
	read(t, r, stream.Compacted)
	if m := read(t, r, stream.Snapshot); len(m.Changes) != 1 {
		t.Errorf("%+v", m)
	}
}

func TestWatchRefusesWhatItCannotServe(t *testing.T) {
	w := newWorld(t)
	for _, query := range []string{"?topics=operators", "?topics=weather"} {
		var p problem.Problem
		if resp := w.call(commanderToken, http.MethodGet, "/v1/watch"+query, nil, &p); resp.StatusCode != 400 {
			t.Errorf("%s: %s", query, resp.Status)
		}
	}
}

// The client and the API meet here, over mutual TLS and over a token.
func TestClientFollowsTheAPI(t *testing.T) {
	w := newWorld(t)
	configs := map[string]client.Config{
		"private": {Addresses: []string{w.private.URL}, TLS: w.identity("gate").ClientTLS()},
		"ops":     {Addresses: []string{w.ops.URL}, Token: commanderToken},
	}
	for name, config := range configs {
		t.Run(name, func(t *testing.T) {
			c, err := client.New(config)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			ended := make(chan struct{})
			held := make(chan bool, 256)
			go func() {
				defer close(ended)
				c.Watch(ctx, func(v client.View) {
					_, is := v.Plan.Holds[name]
					held <- is
				})
			}()
			<-held
			w.submit(plan.CohortDefine, plan.DefineCohort{Cohort: cohort(name)})
			w.submit(plan.HoldSet, plan.SetHold{Scope: name})
			for !<-held {
			}
			cancel()
			<-ended
		})
	}
}

func TestProcessesMayOnlyDoTheirJob(t *testing.T) {
	w := newWorld(t)
	f := func(role string, kind plan.Kind, of any, want int) {
		t.Helper()
		c, err := plan.NewCommand(kind, of)
		if err != nil {
			t.Fatal(err)
		}
		c.Actor, c.Term = "gate-1", 99
		encoded, _ := json.Marshal(c)
		transport := &http.Transport{TLSClientConfig: w.identity(role).ClientTLS()}
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport}).Post(w.private.URL+"/internal/v1/commands", "application/json", bytes.NewReader(encoded))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s gives %s: %d, want %d", role, kind, resp.StatusCode, want)
		}
	}
	instance := plan.RegisterInstance{ID: "x-1", Kind: plan.KindGate, PrivateURL: "https://x", State: plan.Ready, StartedMS: time.Now().UnixMilli()}
	f("gate", plan.InstanceRegister, instance, 200)
	f("gate", plan.InstanceReport, plan.ReportInstance{ID: "x-1", State: plan.Ready}, 200)
	f("was", plan.InstanceReport, plan.ReportInstance{ID: "x-1", State: plan.Failing}, 403)
	f("agent", plan.InstanceForget, plan.ForgetInstance{ID: "x-1"}, 403)
	for role, kind := range map[string]string{"agent": plan.KindControlPlane, "was": plan.KindAgent, "legacy": plan.KindWAS} {
		f(role, plan.InstanceRegister, plan.RegisterInstance{ID: "y-1", Kind: kind, PrivateURL: "https://y", State: plan.Ready}, 403)
		f(role, plan.InstanceRegister, plan.RegisterInstance{ID: "x-1", Kind: role, PrivateURL: "https://y", State: plan.Ready}, 403)
	}
	f("agent", plan.InstanceRegister, plan.RegisterInstance{ID: "was-1", Kind: plan.KindWAS, PrivateURL: "https://y", State: plan.Failing}, 200)
	f("was", plan.InstanceReport, plan.ReportInstance{ID: "was-1", State: plan.Ready}, 200)
	f("agent", plan.InstanceForget, plan.ForgetInstance{ID: "was-1"}, 200)
	f("gate", plan.HoldSet, plan.SetHold{Scope: plan.All}, 403)
	f("was", plan.LineReport, plan.ReportLine{Cohort: "x"}, 403)
	f("was", plan.SegmentRenew, plan.RenewSegment{}, 403)
	f("agent", plan.ReplicasSet, plan.SetReplicas{}, 403)
	f("rush", plan.InstanceReport, plan.ReportInstance{ID: "x-1"}, 403)
	f("operator", plan.SegmentRenew, plan.RenewSegment{}, 403)
	f("operator", plan.CohortDefine, plan.DefineCohort{Cohort: cohort("tonight")}, 200)
	if p, _ := w.node.Plan(); p.Cohorts["tonight"].DefinedBy != plan.Installation {
		t.Errorf("the installation's certificate is %q, another person for each name it claims", p.Cohorts["tonight"].DefinedBy)
	}
	f("gate", plan.CheckpointPublish, plan.PublishCheckpoint{Origin: "gate-1/line", Root: strings.Repeat("ab", 32)}, 200)
	f("gate", plan.CheckpointPublish, plan.PublishCheckpoint{Origin: "audit/commands/node-1", Root: strings.Repeat("ab", 32)}, 403)

	anonymous := w.identity("gate").ClientTLS()
	anonymous.GetClientCertificate = nil
	resp, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: anonymous}}).Get(w.private.URL + "/internal/v1/plan")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("without a certificate: %d, want 403", resp.StatusCode)
	}
}
