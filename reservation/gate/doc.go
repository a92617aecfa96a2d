// Package gate is the front door: the HTTP service citizens talk to. It
// checks who someone is, gives them one place in the line, shows the serving
// number, issues the pass when a turn is called, and carries requests of
// people with a pass to the booking servers. The same steps exist as a JSON
// API and as pages that need no JavaScript.
//
// The gate owns the rooms of package waitingroom and their durable record. It
// follows the replicated plan for everything it does not decide itself
// (timetable, phases, serving segments, revoked passes, booking servers) and
// keeps going on the last plan it saw when the control plane is gone: the
// segments in force decay by themselves.
//
// Order of things that matters: nothing is acknowledged to anyone before the
// record holding it is on disk, and a record that cannot be written ends the
// process. Reports to the control plane are made beside all this and never
// hold a citizen up.
package gate
