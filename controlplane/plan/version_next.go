//go:build nextrelease

package plan

// Version is one more than this release's: a program built so plays the next
// release where an upgrade is tried, node by node.
const Version = 2
