package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/mattn/go-isatty"
)

// progressLine is one line of a terminal that says how far something is.
type progressLine struct {
	out  io.Writer // nil where nobody watches
	last string
}

func progressOn(out io.Writer) *progressLine {
	if file, ok := out.(*os.File); ok && isatty.IsTerminal(file.Fd()) {
		return &progressLine{out: out}
	}
	return &progressLine{}
}

func (p *progressLine) show(format string, args ...any) {
	if p.out == nil {
		return
	}
	if text := fmt.Sprintf(format, args...); text != p.last {
		fmt.Fprintf(p.out, "\r\x1b[K%s", text)
		p.last = text
	}
}

func (p *progressLine) clear() {
	if p.last != "" {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.last = ""
	}
}
