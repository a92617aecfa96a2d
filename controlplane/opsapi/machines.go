package opsapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
	"sunbeon/internal/pki"
)

// What an evening needs of the machines.
const (
	minDiskFree        = 1 << 30
	minCertificateLeft = 7 * 24 * time.Hour
	// lookWithin bounds looking at one process, looksAtOnce how many are
	// looked at together.
	lookWithin  = 2 * time.Second
	looksAtOnce = 16
)

// checkMachines looks at the node that answers, at the cluster as it sees it,
// and at the certificate every process shows.
func (a *API) checkMachines(ctx context.Context, p *plan.Plan) []Check {
	members, voters := a.node.Members(), 0
	for _, m := range members {
		if m.Voter {
			voters++
		}
	}
	age := a.node.LeaderContact()
	checks := []Check{{"control plane", pass, fmt.Sprintf("%d voters, leader heard of %d ms ago", voters, age.Milliseconds())}}
	if voters < 3 || age > time.Second {
		checks[0].Answer = fail
	}
	return append(checks, checkDisk(a.dataDir), a.checkCertificates(ctx, p))
}

func checkDisk(dir string) Check {
	var disk syscall.Statfs_t
	if dir == "" || syscall.Statfs(dir, &disk) != nil {
		return Check{"disk", unknown, "cannot be looked at"}
	}
	left := disk.Bavail * uint64(disk.Bsize)
	check := Check{"disk", pass, fmt.Sprintf("%.1f GB free on this node", float64(left)/1e9)}
	if left < minDiskFree {
		check.Answer = fail
	}
	return check
}

// checkCertificates asks every process for the certificate it shows: the file
// on a disk may be newer than what is in use.
func (a *API) checkCertificates(ctx context.Context, p *plan.Plan) Check {
	check := Check{Name: "certificates", Answer: unknown, Detail: "no process is known"}
	identity, err := pki.Load(a.pkiDir, "controlplane")
	if err != nil {
		check.Detail = "cannot be looked at"
		return check
	}
	instances := standing.Sorted(p.Instances)
	ends, failed := make([]time.Time, len(instances)), make([]error, len(instances))
	var group errgroup.Group
	group.SetLimit(looksAtOnce)
	for n, i := range instances {
		group.Go(func() error {
			ends[n], failed[n] = certificateEnd(ctx, identity.ClientTLS(), i.PrivateURL)
			return nil
		})
	}
	_ = group.Wait()
	first := -1
	for n, i := range instances {
		if failed[n] != nil {
			check.Answer, check.Detail = unknown, fmt.Sprintf("%s: %v", i.ID, failed[n])
			var refused *tls.CertificateVerificationError
			if errors.As(failed[n], &refused) {
				check.Answer = fail
			}
			return check
		}
		if first < 0 || ends[n].Before(ends[first]) {
			first = n
		}
	}
	if first < 0 {
		return check
	}
	check.Answer = pass
	if ends[first].Sub(a.now()) < minCertificateLeft {
		check.Answer = fail
	}
	check.Detail = fmt.Sprintf("%d processes, the first to end is that of %s on %s", len(instances), instances[first].ID, ends[first].Format(time.DateOnly))
	return check
}

// certificateEnd is until when the certificate is valid that a process shows.
func certificateEnd(ctx context.Context, config *tls.Config, privateURL string) (time.Time, error) {
	u, err := url.Parse(privateURL)
	if err != nil || u.Host == "" {
		return time.Time{}, fmt.Errorf("private URL %q", privateURL)
	}
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	dialer := tls.Dialer{NetDialer: &net.Dialer{}, Config: config}
	conn, err := dialer.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return time.Time{}, err
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].NotAfter, nil
}
