//go:build race

package twin

// raced evenings take ten times as long. One runs in one goroutine, so that a
// few show the race detector all there is to see. The tests of norace_test.go are
// only run without it.
const raced = true
