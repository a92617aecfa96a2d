// Package loop closes the circle on the leading control-plane node: each
// second it reads the signals of the embedded Prometheus and the plan, lets
// the steering decide, and brings its decisions into the plan, where gates and
// agents act on them and the next scrape shows what came of it.
//
// All judgement is in package steering, which is pure. This package only
// translates, and keeps the steering's state in the plan so that the next
// leader goes on where this one was.
package loop
