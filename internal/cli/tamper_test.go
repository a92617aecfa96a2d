package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"sunbeon/reservation/waitingroom/fairness/fairnesstest"
)

// evening is the script command that plays an evening into a directory.
func evening() {
	if err := fairnesstest.Play(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// tamper is the script command that changes the file a pattern matches: flip a
// byte, blank the 512 bytes from there, or stretch it to that length.
func tamper() {
	at, err := strconv.Atoi(os.Args[3])
	if err == nil {
		err = tampered(os.Args[1], os.Args[2], at)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func tampered(how, pattern string, at int) error {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) != 1 {
		return fmt.Errorf("%q matches %v (%w)", pattern, files, err)
	}
	file := files[0]
	if how == "stretch" {
		return os.Truncate(file, int64(at))
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	switch how {
	case "flip":
		content[at] ^= 1
	case "blank":
		content = slices.Replace(content, at, at+512, make([]byte, 512)...)
	default:
		return fmt.Errorf("tamper how? %q", how)
	}
	return os.WriteFile(file, content, 0o600)
}
