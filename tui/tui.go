// Package tui is the on-call operator's terminal: how the evening goes, why
// the controllers did what they did, and the few levers there are. It follows
// the plan from any control-plane node, moves to another when that one goes,
// and always says how old what it shows is.
//
// Keys and ":" commands open a dialog that tells what the change would do and
// stands on "cancel". All I/O is in commands of the framework; pages only draw.
package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// Config of a terminal.
type Config struct {
	Session Session
	// ReadOnly looks and changes nothing.
	ReadOnly bool
	// Now is the wall clock; time.Now if nil.
	Now func() time.Time
	// Input and Output are the terminal; the process's own if nil.
	Input  io.Reader
	Output io.Writer
}

// Run shows the terminal until the operator quits or ctx ends.
func Run(ctx context.Context, config Config) error {
	if config.Now == nil {
		config.Now = time.Now
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	options := []tea.ProgramOption{tea.WithContext(ctx), tea.WithAltScreen()}
	if config.Input != nil {
		options = append(options, tea.WithInput(config.Input))
	}
	if config.Output != nil {
		options = append(options, tea.WithOutput(config.Output))
	}
	program := tea.NewProgram(newModel(ctx, config), options...)
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		watch(ctx, config.Session, program.Send)
	}()
	_, err := program.Run()
	cancel()
	<-watching
	if err != nil && !errors.Is(err, tea.ErrProgramKilled) && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("terminal: %w", err)
	}
	return nil
}
