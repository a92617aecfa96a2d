package credential_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sunbeon/reservation/credential"
)

func TestLoadKeys(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := credential.LoadKeys(dir); err == nil {
		t.Error("loaded keys from an empty directory")
	}
	write("login.key", strings.Repeat("01", 32)+"\n")
	write("person.key", strings.Repeat("02", 32))
	if _, err := credential.LoadKeys(dir); err != nil {
		t.Error(err)
	}
	secret := strings.Repeat("zz", 32)
	write("pass.key", secret)
	if _, err := credential.LoadPassSigner(dir); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("corrupt key: %v", err)
	}
	write("pass.key", strings.Repeat("03", 31))
	if _, err := credential.LoadPassSigner(dir); err == nil {
		t.Error("loaded a short key")
	}
}
