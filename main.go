// Command sunbeon is the whole system in one binary: a subcommand per process.
package main

import (
	"os"

	"sunbeon/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) }
