package plan

import "errors"

// A command has one of four outcomes: taken or rejected, which a [Result]
// tells, or one of these two errors, which whoever submits it must keep apart.
var (
	// ErrRetryable means that the command did not enter the log and never
	// will: it may be submitted again at will.
	ErrRetryable = errors.New("the command was not taken")
	// ErrUnknown means that the command may or may not be in the log. Only
	// submitting it again with the same request id tells.
	ErrUnknown = errors.New("the command's outcome is unknown")
)
