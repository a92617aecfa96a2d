//go:build !nextrelease

package plan

// Version is the newest cluster version this program knows.
const Version = 1
