package bench

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/pki"
	"sunbeon/internal/supervise"
)

// nodes of each cluster: the fewest that survive the loss of one.
const nodes = 3

// cluster is three control-plane processes of this binary.
type cluster struct {
	binary, dir, pki   string
	tokens, token      string        // the file, and what it holds
	ops, private, raft [nodes]string // host:port
	processes          [nodes]*supervise.Process
	// operator asks whichever node answers; at asks one.
	operator *client.Client
	at       [nodes]*client.Client
	// gate is the certificate clients come with.
	gate *tls.Config
}

func newCluster(binary, dir, pkiDir string) (*cluster, error) {
	c := &cluster{binary: binary, dir: dir, pki: pkiDir, tokens: filepath.Join(dir, "operator.token"), token: rand.Text() + rand.Text()}
	if err := os.Mkdir(dir, 0o700); err != nil { // an old cluster would be carried on with
		return nil, fmt.Errorf("make directory of the cluster: %w", err)
	}
	if err := os.WriteFile(c.tokens, []byte(c.token), 0o600); err != nil {
		return nil, fmt.Errorf("write operator token: %w", err)
	}
	var ports [3 * nodes]string
	if err := free(ports[:]); err != nil {
		return nil, err
	}
	copy(c.ops[:], ports[:])
	copy(c.private[:], ports[nodes:])
	copy(c.raft[:], ports[2*nodes:])

	identity, err := pki.Load(pkiDir, "gate")
	if err != nil {
		return nil, err
	}
	c.gate = identity.ClientTLS()
	return c, c.connect()
}

// connect makes the clients of the ops listeners.
func (c *cluster) connect() (err error) {
	if c.operator, err = client.New(client.Config{Addresses: urls("http://", c.ops), Token: c.token}); err != nil {
		return err
	}
	for i := range c.at {
		if c.at[i], err = client.New(client.Config{Addresses: urls("http://", c.ops)[i : i+1], Token: c.token}); err != nil {
			return err
		}
	}
	return nil
}

func id(i int) string { return fmt.Sprintf("controlplane-%d", i+1) }

// spec is how a node is started.
func (c *cluster) spec(i int) supervise.Spec {
	var raft, private []string
	for n := range nodes {
		raft = append(raft, id(n)+"="+c.raft[n])
		private = append(private, id(n)+"=https://"+c.private[n])
	}
	return supervise.Spec{
		Name: id(i), Path: c.binary, Env: append(environment(), unsteered), LogFile: filepath.Join(c.dir, id(i)+".log"),
		Args: []string{"controlplane", "--id", id(i), "--data", filepath.Join(c.dir, id(i)), "--pki", c.pki,
			"--listen", c.ops[i], "--private-listen", c.private[i], "--raft-listen", c.raft[i],
			"--raft-peers", strings.Join(raft, ","), "--private-peers", strings.Join(private, ","),
			"--bootstrap", "--operator-token-file", c.tokens, "--operator-rate", "0"},
	}
}

func (c *cluster) start(i int) (err error) {
	c.processes[i], err = supervise.Start(c.spec(i))
	return err
}

// unsteered leaves telemetry and steering out of what is measured: etcd has
// nothing of the kind. The configured admission rate is what there is to rise
// to.
const unsteered = "SUNBEON_STEER=false"

// environment is this process's without what was meant for it alone.
func environment() []string {
	var kept []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "SUNBEON_") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// startAll starts every node and waits until a write goes through.
func (c *cluster) startAll(ctx context.Context) error {
	for i := range nodes {
		if err := c.start(i); err != nil {
			return err
		}
	}
	_, err := c.leader(ctx)
	if err != nil {
		return fmt.Errorf("%w; see the logs in %s", err, c.dir)
	}
	return nil
}

// kill ends a node as a power cut would.
func (c *cluster) kill(i int) error {
	if err := syscall.Kill(c.processes[i].PID(), syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill %s: %w", id(i), err)
	}
	<-c.processes[i].Done()
	return nil
}

func (c *cluster) stop() {
	for _, p := range c.processes {
		if p != nil {
			p.Stop(5 * time.Second)
		}
	}
}

// leader waits until every node that answers names the same leader, and a
// linearizable read confirms it.
func (c *cluster) leader(ctx context.Context) (int, error) {
	for {
		var m opsapi.Members
		attempt, cancel := context.WithTimeout(ctx, time.Second)
		err := c.operator.Call(attempt, http.MethodGet, "/v1/members?consistency=linearizable", "", nil, &m)
		cancel()
		if err == nil {
			for i := range nodes {
				if id(i) == m.Leader {
					return i, nil
				}
			}
		}
		select {
		case <-ctx.Done():
			return 0, errors.Join(errors.New("the control plane elects no leader"), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// settled waits until a node has all its peers have committed.
func (c *cluster) settled(ctx context.Context, i int) error {
	for {
		var m opsapi.Members
		attempt, cancel := context.WithTimeout(ctx, time.Second)
		err := c.at[i].Call(attempt, http.MethodGet, "/v1/members?consistency=linearizable", "", nil, &m)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not catch up: %w", id(i), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// order gives a command as the operator and wants it taken.
func (c *cluster) order(ctx context.Context, kind plan.Kind, body any) error {
	command, err := plan.NewCommand(kind, body)
	if err != nil {
		return err
	}
	command.Reason = "measurement"
	result, err := c.operator.Submit(ctx, command)
	if err == nil && !result.OK {
		err = fmt.Errorf("%s was refused: %s: %s", kind, result.Code, result.Detail)
	}
	return err
}
