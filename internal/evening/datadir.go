package evening

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sunbeon/internal/pki"
)

// layoutVersion changes when a data directory of an older release can no
// longer be carried on with.
const layoutVersion = 1

const (
	layoutFile = "sunbeon.json"
	lockFile   = "lock"
	tokenFile  = "operator.token"
)

// minFree is the free space, in bytes, below which nothing is started: the
// logs of one evening must fit before anything is acknowledged.
const minFree = 64 << 20

// keyFiles are the secrets of an evening, 32 bytes each, in hexadecimal.
var keyFiles = []string{"login.key", "person.key", "ledger.key", "pass.key", "log.key"}

// dataDir is an evening's data directory, locked for this process.
type dataDir struct {
	path   string
	lock   *os.File
	layout layout
}

// layout is the file that makes a directory a data directory.
type layout struct {
	Layout   int       `json:"layout"`
	Made     time.Time `json:"made"`
	PortBase int       `json:"port_base"`
	// Filled is true once every certificate and key is there, Begun once the
	// system has been ready. From then on what is missing was lost, and making
	// it anew would forget people instead of failing.
	Filled bool `json:"filled"`
	Begun  bool `json:"begun"`
}

// lockDataDir locks path, making it where it is missing. It refuses a directory
// that holds something else, and one in use.
func lockDataDir(path string) (*dataDir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := os.MkdirAll(path, 0o750); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	d := &dataDir{path: path}
	if err := d.readLayout(); err != nil {
		return nil, err
	}
	return d, d.acquire()
}

func (d *dataDir) readLayout() error {
	raw, err := os.ReadFile(d.join(layoutFile))
	if errors.Is(err, fs.ErrNotExist) {
		return d.checkEmpty()
	}
	if err != nil {
		return fmt.Errorf("read data directory: %w", err)
	}
	if err := json.Unmarshal(raw, &d.layout); err != nil {
		return fmt.Errorf("data directory %s is corrupt: %s: %w", d.path, layoutFile, err)
	}
	if d.layout.Layout != layoutVersion {
		return fmt.Errorf("data directory %s has layout %d, this release reads layout %d", d.path, d.layout.Layout, layoutVersion)
	}
	return nil
}

// checkEmpty accepts only what a first start that was cut short leaves.
func (d *dataDir) checkEmpty() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return fmt.Errorf("read data directory: %w", err)
	}
	for _, e := range entries {
		if e.Name() != lockFile && !strings.HasPrefix(e.Name(), layoutFile) {
			return fmt.Errorf("%s is not a data directory of sunbeon: it holds %s but no %s; choose an empty one", d.path, e.Name(), layoutFile)
		}
	}
	return nil
}

func (d *dataDir) acquire() error {
	f, err := os.OpenFile(d.join(lockFile), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return fmt.Errorf("lock data directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := make([]byte, 16)
		n, _ := f.Read(holder)
		f.Close()
		return fmt.Errorf("data directory %s is in use by another sunbeon up (process %s)", d.path, strings.TrimSpace(string(holder[:n])))
	}
	d.lock = f
	f.Truncate(0)
	f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return nil
}

// fill makes what is missing at a first start: certificates, keys and the
// operator token. Later it makes nothing, and names what was lost.
func (d *dataDir) fill(now time.Time, portBase int) error {
	if err := d.checkSpace(); err != nil {
		return err
	}
	if d.layout.Filled {
		return d.checkFilled(now, portBase)
	}
	d.layout = layout{Layout: layoutVersion, Made: now, PortBase: portBase}
	if err := d.writeLayout(); err != nil {
		return err
	}
	for _, name := range folders {
		if err := os.MkdirAll(d.join(name), 0o700); err != nil {
			return fmt.Errorf("make data directory: %w", err)
		}
	}
	if err := pki.Ensure(d.join("pki"), now); err != nil {
		return err
	}
	for _, name := range secretFiles() {
		if _, err := d.secret(name); err != nil {
			return err
		}
	}
	d.layout.Filled = true
	return d.writeLayout()
}

// folders of a data directory, beside those the processes make.
var folders = []string{"keys", "logs", "gate", "ledger", "agent", "legacy", "rush"}

func secretFiles() []string {
	files := []string{tokenFile}
	for _, name := range keyFiles {
		files = append(files, filepath.Join("keys", name))
	}
	return files
}

// checkFilled makes sure that nothing of an earlier evening is missing before
// anything is started on what is left of it.
func (d *dataDir) checkFilled(now time.Time, portBase int) error {
	if d.layout.PortBase != portBase {
		return fmt.Errorf("data directory %s was made with --port-base %d, which its control-plane nodes know one another by; use that, or another directory", d.path, d.layout.PortBase)
	}
	needed := append(secretFiles(), filepath.Join("pki", "ca.pem"), filepath.Join("pki", "ca.key"))
	if d.layout.Begun {
		needed = append(needed, filepath.Join("gate", "record"), filepath.Join("ledger", "ledger.db"))
		for i := range nodes {
			needed = append(needed, fmt.Sprintf("controlplane-%d", i+1))
		}
	}
	for _, name := range needed {
		if _, err := os.Stat(d.join(name)); err != nil {
			return fmt.Errorf("data directory %s has lost %s; restore it from a backup: made anew, it would forget people. Nothing was changed", d.path, name)
		}
	}
	for _, name := range secretFiles() {
		if _, err := d.secret(name); err != nil {
			return err
		}
	}
	return pki.Ensure(d.join("pki"), now)
}

// begin notes that the system has been ready once.
func (d *dataDir) begin() error {
	if d.layout.Begun {
		return nil
	}
	d.layout.Begun = true
	return d.writeLayout()
}

func (d *dataDir) writeLayout() error {
	raw, err := json.Marshal(d.layout)
	if err != nil {
		return err
	}
	return writeFile(d.join(layoutFile), append(raw, '\n'), 0o640)
}

func (d *dataDir) checkSpace() error {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(d.path, &disk); err != nil {
		return fmt.Errorf("look at the disk of %s: %w", d.path, err)
	}
	if free := disk.Bavail * uint64(disk.Bsize); free < minFree {
		return fmt.Errorf("disk of %s is full: %d MiB free, an evening needs %d", d.path, free>>20, minFree>>20)
	}
	return nil
}

// secret reads 32 random bytes from a file, making it where it is missing.
func (d *dataDir) secret(name string) ([]byte, error) {
	raw, err := os.ReadFile(d.join(name))
	if errors.Is(err, fs.ErrNotExist) {
		secret := make([]byte, 32)
		rand.Read(secret)
		return secret, writeFile(d.join(name), []byte(hex.EncodeToString(secret)+"\n"), 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil || len(secret) != 32 {
		return nil, fmt.Errorf("%s is corrupt: want 32 bytes in hexadecimal; restore it from a backup, nothing was changed", d.join(name))
	}
	return secret, nil
}

func (d *dataDir) join(elements ...string) string {
	return filepath.Join(append([]string{d.path}, elements...)...)
}

// Close gives the directory free for another process.
func (d *dataDir) Close() error { return d.lock.Close() }

// writeFile replaces a file in one durable step.
func writeFile(path string, content []byte, mode fs.FileMode) (err error) {
	next := path + ".new"
	f, err := os.OpenFile(next, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	defer func() {
		if err != nil {
			os.Remove(next)
			err = fmt.Errorf("write %s: %w", filepath.Base(path), err)
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(next, path)
	}
	return err
}
