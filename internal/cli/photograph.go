package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// photograph renders a self-contained HTML page into a PNG file with the
// machine's own browser: drawing text well is a browser's work, not ours.
func photograph(page []byte, file string) error {
	browser, err := findBrowser()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "sunbeon-plot-")
	if err != nil {
		return fmt.Errorf("photograph page: %w", err)
	}
	defer os.RemoveAll(dir)
	source := filepath.Join(dir, "page.html")
	if err := os.WriteFile(source, page, 0o600); err != nil {
		return fmt.Errorf("photograph page: %w", err)
	}
	target, err := filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("photograph page: %w", err)
	}
	// The sandbox cannot be set up by root, and the page loads nothing.
	cmd := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--window-size=1100,1180",
		"--screenshot="+target, "file://"+source)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("photograph page with %s: %w: %s", browser, err, out)
	}
	if _, err := os.Stat(target); err != nil {
		return fmt.Errorf("photograph page with %s: %w", browser, err)
	}
	return nil
}

func findBrowser() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("a .png plot needs Chromium or Chrome on the PATH; plot to .html instead")
}
