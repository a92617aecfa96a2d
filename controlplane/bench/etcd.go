package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/encoding/protowire"

	"sunbeon/internal/pki"
	"sunbeon/internal/supervise"
)

// ErrNoEtcd means that there is nothing to compare with.
var ErrNoEtcd = errors.New("etcd is not installed: on Debian, `apt-get install etcd-server`; or measure without it (--no-etcd)")

// etcd is three members, with the same certificates as the control plane.
type etcd struct {
	dir, pki      string
	binary        string
	clients, peer [nodes]string
	processes     [nodes]*supervise.Process
	tls           *tls.Config
}

func newEtcd(dir, pkiDir string) (*etcd, error) {
	binary, err := exec.LookPath("etcd")
	if err != nil {
		return nil, ErrNoEtcd
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make directory of etcd: %w", err)
	}
	identity, err := pki.Load(pkiDir, "controlplane")
	if err != nil {
		return nil, err
	}
	e := &etcd{dir: dir, pki: pkiDir, binary: binary, tls: identity.ClientTLS()}
	var ports [2 * nodes]string
	if err := free(ports[:]); err != nil {
		return nil, err
	}
	copy(e.clients[:], ports[:])
	copy(e.peer[:], ports[nodes:])
	return e, nil
}

// startAll starts the members with etcd's own defaults, durability included,
// and waits until each takes a write.
func (e *etcd) startAll(ctx context.Context) error {
	var members []string
	for i, address := range e.peer {
		members = append(members, fmt.Sprintf("etcd-%d=https://%s", i+1, address))
	}
	certificate, key, ca := filepath.Join(e.pki, "controlplane.pem"), filepath.Join(e.pki, "controlplane.key"), filepath.Join(e.pki, "ca.pem")
	for i := range nodes {
		name := fmt.Sprintf("etcd-%d", i+1)
		var err error
		e.processes[i], err = supervise.Start(supervise.Spec{
			Name: name, Path: e.binary, Env: environment(), LogFile: filepath.Join(e.dir, name+".log"),
			Args: []string{"--name", name, "--data-dir", filepath.Join(e.dir, name),
				"--listen-client-urls", "https://" + e.clients[i], "--advertise-client-urls", "https://" + e.clients[i],
				"--listen-peer-urls", "https://" + e.peer[i], "--initial-advertise-peer-urls", "https://" + e.peer[i],
				"--initial-cluster", strings.Join(members, ","), "--initial-cluster-state", "new",
				"--cert-file", certificate, "--key-file", key, "--trusted-ca-file", ca, "--client-cert-auth",
				"--peer-cert-file", certificate, "--peer-key-file", key, "--peer-trusted-ca-file", ca, "--peer-client-cert-auth",
				"--logger", "zap", "--log-level", "error"},
		})
		if err != nil {
			return err
		}
	}
	for i := range nodes {
		if err := e.answers(ctx, i); err != nil {
			return fmt.Errorf("etcd does not start: %w; see the logs in %s", err, e.dir)
		}
	}
	return nil
}

func (e *etcd) answers(ctx context.Context, i int) error {
	connection, err := e.dial(i)
	if err != nil {
		return err
	}
	defer connection.Close()
	for {
		attempt, cancel := context.WithTimeout(ctx, time.Second)
		err := put(attempt, connection, []byte("ready"), []byte("?"))
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (e *etcd) dial(i int) (*grpc.ClientConn, error) {
	connection, err := grpc.NewClient("passthrough:///"+e.clients[i],
		grpc.WithTransportCredentials(credentials.NewTLS(e.tls)), grpc.WithDefaultCallOptions(grpc.ForceCodec(wire{})))
	if err != nil {
		return nil, fmt.Errorf("dial etcd: %w", err)
	}
	return connection, nil
}

// follower is a member that does not lead.
func (e *etcd) follower(ctx context.Context) (int, error) {
	for i := range nodes {
		connection, err := e.dial(i)
		if err != nil {
			return 0, err
		}
		leads, err := leads(ctx, connection)
		connection.Close()
		if err != nil {
			return 0, fmt.Errorf("ask etcd who leads: %w", err)
		}
		if !leads {
			return i, nil
		}
	}
	return 0, errors.New("every member of etcd takes itself for the leader")
}

func (e *etcd) stop() {
	for _, p := range e.processes {
		if p != nil {
			p.Stop(5 * time.Second)
		}
	}
}

// wire passes messages that are encoded already: of etcd's API two calls are
// used, and their few fields are written and read by hand.
type wire struct{}

func (wire) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (wire) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }
func (wire) Name() string                       { return "proto" }

// put writes one key: etcdserverpb.PutRequest{key = 1, value = 2}.
func put(ctx context.Context, connection *grpc.ClientConn, key, value []byte) error {
	request := protowire.AppendTag(nil, 1, protowire.BytesType)
	request = protowire.AppendBytes(request, key)
	request = protowire.AppendTag(request, 2, protowire.BytesType)
	request = protowire.AppendBytes(request, value)
	var response []byte
	return connection.Invoke(ctx, "/etcdserverpb.KV/Put", &request, &response)
}

// leads asks a member whether it leads: in etcdserverpb.StatusResponse the
// header (1) names the member (2), and leader (4) names the leader.
func leads(ctx context.Context, connection *grpc.ClientConn) (bool, error) {
	var request, response []byte
	if err := connection.Invoke(ctx, "/etcdserverpb.Maintenance/Status", &request, &response); err != nil {
		return false, err
	}
	header, _ := field(response, 1)
	_, member := field(header, 2)
	_, leader := field(response, 4)
	return member == leader, nil
}

// field finds a field of a message by its number, as bytes or as a number.
func field(message []byte, number protowire.Number) (content []byte, value uint64) {
	for len(message) > 0 {
		n, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return nil, 0
		}
		message = message[size:]
		if size = protowire.ConsumeFieldValue(n, kind, message); size < 0 {
			return nil, 0
		}
		if n == number {
			switch kind {
			case protowire.BytesType:
				content, _ = protowire.ConsumeBytes(message)
			case protowire.VarintType:
				value, _ = protowire.ConsumeVarint(message)
			}
			return content, value
		}
		message = message[size:]
	}
	return nil, 0
}
