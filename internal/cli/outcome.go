package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"sunbeon/controlplane/audit"
	"sunbeon/controlplane/opsapi/client"
	"sunbeon/internal/problem"
)

// Exit statuses. Whoever drives the command line has to tell what was refused
// from what may be asked again, and from what may have been done.
const (
	exitDone     = 0
	exitFailed   = 1 // it was refused, or a check does not hold
	exitMisused  = 2 // it was called wrongly, and nothing was asked
	exitNotTaken = 3 // nobody answered: nothing was changed or checked, ask again
	exitUnknown  = 4 // it may have been done: look before asking again
)

// usageError is a mistake in how a command was called.
type usageError struct{ error }

// outcome is an error as programs read it.
type outcome struct {
	// Outcome is failed, rejected, misused, not_taken, not_verified or unknown.
	Outcome string `json:"outcome"`
	// Code is the stable code of whoever refused; Status the HTTP status.
	Code         string `json:"code,omitempty"`
	Detail       string `json:"detail"`
	Status       int    `json:"status,omitempty"`
	RetryAfterMS int64  `json:"retry_after_ms,omitempty"`
	*breach
	exit int
}

// breach is where a journal is not what was written.
type breach struct {
	Node  string `json:"node,omitempty"`
	File  string `json:"file,omitempty"`
	Line  int    `json:"line,omitempty"`
	Index uint64 `json:"index"`
}

func outcomeOf(err error) outcome {
	o := outcome{Outcome: "failed", Detail: err.Error(), exit: exitFailed}
	var usage usageError
	var answer *problem.Problem
	var refused *refusedError
	var broken *audit.BreachError
	var unverified notVerifiedError
	switch {
	case errors.As(err, &unverified):
		o.Outcome, o.exit = "not_verified", exitNotTaken
	case errors.As(err, &usage):
		o.Outcome, o.exit = "misused", exitMisused
	case errors.Is(err, client.ErrUnknown):
		o.Outcome, o.Code, o.exit = "unknown", "unknown_outcome", exitUnknown
	case errors.Is(err, client.ErrRetryable):
		o.Outcome, o.Code, o.exit = "not_taken", "not_taken", exitNotTaken
	case errors.As(err, &broken):
		o.Code, o.breach = "chain_broken", &breach{Node: broken.Node, File: broken.File, Line: broken.Line, Index: broken.Index}
	case errors.As(err, &refused):
		answer = refused.Problem
	}
	if answer != nil {
		o.Outcome, o.Code, o.Detail, o.Status, o.RetryAfterMS = "rejected", answer.Code, answer.Detail, answer.Status, answer.RetryAfterMS
	}
	return o
}

// tell writes what went wrong and returns the exit status. A call that asked
// for JSON gets it, also where it could not be read to its end.
func tell(stderr io.Writer, args []string, err error) int {
	if err == nil {
		return exitDone
	}
	o := outcomeOf(err)
	if slices.Contains(args, "--json") {
		if raw, encoding := json.Marshal(map[string]outcome{"error": o}); encoding == nil {
			fmt.Fprintf(stderr, "%s\n", raw)
			return o.exit
		}
	}
	fmt.Fprintf(stderr, "sunbeon: %v\n", err)
	if o.exit == exitMisused {
		fmt.Fprintln(stderr, "Run the command with --help to see how it is used.")
	}
	return o.exit
}

// refused reports whether a command was certainly not taken.
func refused(err error) bool {
	var r *refusedError
	return errors.As(err, &r) || errors.Is(err, client.ErrRetryable)
}

// refusedError is a problem document in the words of the command line.
type refusedError struct{ *problem.Problem }

func (e *refusedError) Error() string { return fmt.Sprintf("refused (%s): %s", e.Code, e.Detail) }

// explain adds to an error what the operator can do about it.
func explain(err error) error {
	var answer *problem.Problem
	switch {
	case errors.Is(err, client.ErrUnknown):
		return fmt.Errorf("%w\nIt may have been done: look before you ask again", err)
	case errors.Is(err, client.ErrRetryable):
		return fmt.Errorf("%w\nNothing was changed", err)
	case errors.As(err, &answer):
		return &refusedError{answer}
	}
	return err
}
