package agent

// What a process of the pool is doing.
const (
	// Running processes have been started and have not ended.
	Running = "running"
	// Restarting ones died and are about to be started again.
	Restarting = "restarting"
	// Failing ones died several times in a row soon after their start; they
	// are still tried, at the longest pause.
	Failing = "failing"
	// Draining ones were asked to end.
	Draining = "draining"
	// Stopped ones are not wanted.
	Stopped = "stopped"
)

// Process is one place of the pool and what runs there.
type Process struct {
	ID      string `json:"id"`
	Address string `json:"address"`
	State   string `json:"state"`
	// PID is 0 where nothing runs.
	PID int `json:"pid,omitempty"`
	// StartedMS is when the present or last process was started.
	StartedMS int64 `json:"started_ms,omitempty"`
	// Restarts counts starts after deaths, since the process was last wanted.
	Restarts int `json:"restarts"`
	// Detail says how it last died.
	Detail string `json:"detail,omitempty"`
}
