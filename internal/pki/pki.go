// Package pki is the certificate authority of one data directory and the
// mutual TLS that stands between processes. Each presents the certificate of its
// role, but for neighbours who come by a socket that only one role can reach
// ([WithNeighbours]); a handler asks [PeerRole] who is calling.
//
// In a deployment of many machines the same files come from the site's own
// authority: Load only reads them.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// ServerName is the name every internal server's certificate carries.
const ServerName = "sunbeon"

// Roles are the kinds of process that hold a certificate.
var Roles = []string{"controlplane", "gate", "was", "agent", "legacy", "operator", "rush"}

const (
	authorityYears = 10
	leafDays       = 397
	renewBefore    = 30 * 24 * time.Hour
	caFile         = "ca.pem"
	caKeyFile      = "ca.key"
)

// Ensure makes the authority and a certificate for each role in dir where they
// are missing, and renews a certificate with less than thirty days left. A file
// that is there but cannot be read is an error: it never replaces an authority
// that others may trust.
func Ensure(dir string, now time.Time) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make certificate directory: %w", err)
	}
	authority, err := ensureAuthority(dir, now)
	if err != nil {
		return err
	}
	for _, role := range Roles {
		subject := pkix.Name{CommonName: commonName(role), OrganizationalUnit: []string{role}}
		if err := ensureLeaf(dir, role, subject, authority, now); err != nil {
			return err
		}
	}
	return nil
}

type keyPair struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func ensureAuthority(dir string, now time.Time) (*keyPair, error) {
	pair, err := readPair(filepath.Join(dir, caFile), filepath.Join(dir, caKeyFile))
	switch {
	case err == nil && now.After(pair.certificate.NotAfter):
		return nil, fmt.Errorf("certificate authority in %s expired on %s", dir, pair.certificate.NotAfter.Format(time.DateOnly))
	case err == nil:
		return pair, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read certificate authority: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, caFile)); err == nil {
		return nil, fmt.Errorf("%s has lost its key %s: restore it, or remove all certificates to begin with a new authority", dir, caKeyFile)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "sunbeon local authority"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(authorityYears, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	return issue(dir, caFile, caKeyFile, template, nil)
}

func ensureLeaf(dir, file string, subject pkix.Name, authority *keyPair, now time.Time) error {
	pair, err := readPair(filepath.Join(dir, file+".pem"), filepath.Join(dir, file+".key"))
	switch {
	case err == nil && pair.certificate.CheckSignatureFrom(authority.certificate) != nil:
		return fmt.Errorf("certificate %s.pem is not signed by the authority beside it", file)
	case err == nil && now.Add(renewBefore).Before(pair.certificate.NotAfter):
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("read certificate of %s: %w", file, err)
	}
	template := &x509.Certificate{
		Subject:     subject,
		NotBefore:   now.Add(-time.Hour),
		NotAfter:    now.AddDate(0, 0, leafDays),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    []string{ServerName, "localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	_, err = issue(dir, file+".pem", file+".key", template, authority)
	return err
}

// commonName is what a process of a role is called in its certificate.
func commonName(role string) string { return "sunbeon " + role }

// personName is what a person may be called in a certificate, and so in the name
// of its file.
var personName = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,63}$`)

// EnsurePerson makes a certificate of a role for one person, by name, in dir,
// which holds the authority; [Load] reads it as role-name. One that is there is
// kept until it has less than thirty days left.
func EnsurePerson(dir, role, name string, now time.Time) error {
	if !personName.MatchString(name) {
		return fmt.Errorf("%q is no name for a certificate: use small letters, digits, dot, dash and underline", name)
	}
	authority, err := readPair(filepath.Join(dir, caFile), filepath.Join(dir, caKeyFile))
	if err != nil {
		return fmt.Errorf("read certificate authority: %w", err)
	}
	return ensureLeaf(dir, role+"-"+name, pkix.Name{CommonName: name, OrganizationalUnit: []string{role}}, authority, now)
}

// issue has parent sign a certificate (itself, where parent is nil) for the key
// in keyFile, which is made where it is missing. A renewal keeps the key, so that
// it replaces one file: whenever it is cut short, key and certificate on disk
// belong together. To have a new key, remove both.
func issue(dir, certificateFile, keyFile string, template *x509.Certificate, parent *keyPair) (*keyPair, error) {
	key, err := ensureKey(filepath.Join(dir, keyFile), filepath.Join(dir, certificateFile))
	if err != nil {
		return nil, err
	}
	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("make serial number: %w", err)
	}
	signer, issuer := key, template
	if parent != nil {
		signer, issuer = parent.key, parent.certificate
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse own certificate: %w", err)
	}
	if err := writePEM(filepath.Join(dir, certificateFile), "CERTIFICATE", der, 0o644); err != nil {
		return nil, err
	}
	return &keyPair{certificate, key}, nil
}

// ensureKey reads the key, or makes one. A certificate whose key is lost goes
// first: it would not fit the new one.
func ensureKey(keyFile, certificateFile string) (*ecdsa.PrivateKey, error) {
	content, err := os.ReadFile(keyFile)
	if err == nil {
		return parseKey(keyFile, content)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read key: %w", err)
	}
	if err := os.Remove(certificateFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove the certificate of a lost key: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	return key, writePEM(keyFile, "PRIVATE KEY", der, 0o600)
}

func parseKey(file string, content []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, fmt.Errorf("%s holds no key", filepath.Base(file))
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read key %s: %w", filepath.Base(file), err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds no elliptic curve key", filepath.Base(file))
	}
	return key, nil
}

// writePEM replaces the file in one step, so that a full disk or a power cut
// leaves the old one.
func writePEM(path, kind string, der []byte, mode fs.FileMode) error {
	next := path + ".new"
	err := writeSynced(next, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		os.Remove(next)
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("sync %s: %w", filepath.Base(path), err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func writeSynced(path string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

func readPair(certificateFile, keyFile string) (*keyPair, error) {
	pair, err := tls.LoadX509KeyPair(certificateFile, keyFile)
	if err != nil {
		return nil, err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds no elliptic curve key", filepath.Base(keyFile))
	}
	return &keyPair{pair.Leaf, key}, nil
}
