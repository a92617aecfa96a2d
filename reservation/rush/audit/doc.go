// Package audit holds what servers acknowledged to a crowd, as its journal
// tells, against what they kept: the ledger and the record of the line. It
// counts what must never be and names the first cases in plain words.
//
// It reads only, beside the processes that write, and believes none of their
// own counters: capacity, doubles and called turns are computed anew.
package audit
