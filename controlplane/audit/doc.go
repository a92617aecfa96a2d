// Package audit keeps who changed what, and why, so that a later change of the
// record shows.
//
// A [Journal] is a hash chain in files of JSON lines, one entry a line:
//
//	{"index":12,"chain":"<hex>","entry":{…}}
//
// where chain = SHA-256(chain before ‖ index as 8 bytes, big-endian ‖ entry as
// its bytes stand). The first chain is 32 zero bytes.
//
// Each control-plane node keeps two. The commands journal holds every committed
// command with its result; its chain is the plan's own, so all nodes hold the
// same one and any of them convicts another. The access journal is the node's
// alone: what operators read there and what was denied to them.
//
// A line {"index":40,"chain":"…","gap":true} says that the node was given a
// snapshot and never saw what came before: the chain goes on from there.
//
// A full file is packed (gzip) and a new one begun, whose first line
// {"index":40,"chain":"…","anchor":true} repeats where the one before it ended:
// when the oldest files go, by the [Retention], the rest is verified from its
// anchor. Nodes publish the heads of their journals in the plan each minute, as
// checkpoints "audit/commands/<node>" and "audit/access/<node>": a journal that
// was cut short, or written anew from its beginning, does not agree with them.
package audit
