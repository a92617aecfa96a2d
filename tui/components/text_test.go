package components

import (
	"testing"

	"github.com/charmbracelet/lipgloss"

	"sunbeon/tui/styles"
)

func TestFit(t *testing.T) {
	f := func(line string, width int, want string) {
		t.Helper()
		if got := Fit(line, width); got != want {
			t.Errorf("Fit(%q, %d) = %q, want %q", line, width, got, want)
		}
	}
	f("abc", 5, "abc  ")
	f("abcdef", 5, "abcd…")
	f("", 3, "   ")
	f("abc", 0, "")
	f("순번표", 6, "순번표")
	f("순번표", 5, "순번…")
}

func TestBlockIsAsLargeAsAsked(t *testing.T) {
	for _, text := range []string{"", "one", "one\ntwo\nthree\nfour", "한글은 두 칸을 차지합니다"} {
		got := Block(text, 12, 3)
		if w, h := lipgloss.Width(got), lipgloss.Height(got); w != 12 || h != 3 {
			t.Errorf("Block(%q) is %d by %d", text, w, h)
		}
	}
}

func TestCeilingIsRound(t *testing.T) {
	f := func(v, want float64) {
		t.Helper()
		if got := ceiling(v); got != want {
			t.Errorf("ceiling(%v) = %v, want %v", v, got, want)
		}
	}
	f(1, 1)
	f(1.2, 1.5)
	f(110, 150)
	f(180, 200)
	f(593_045, 750_000)
}

func TestTableScrollsToItsSelection(t *testing.T) {
	table := Table{Heading: []string{"N"}, Selected: 7}
	for _, n := range []string{"0", "1", "2", "3", "4", "5", "6", "7", "8"} {
		table.Rows = append(table.Rows, []string{n})
	}
	want := "  N \n  5 \n  6 \n▸ 7 "
	if got := table.View(styleless, 4, 4); got != want {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

func TestTameLeavesCharactersAndColours(t *testing.T) {
	f := func(screen, want string) {
		t.Helper()
		if got := Tame(screen); got != want {
			t.Errorf("Tame(%q) = %q, want %q", screen, got, want)
		}
	}
	f("순번 e\u0301\nb", "순번 e\u0301\nb")
	f("\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m")
	f("a\x1b[2J\x1b[1;1Hb", "ab")
	f("a\x1b]52;c;aGk=\x07b\x1b]0;title\x1b\\c", "abc")
	f("a\x1bP+q\x1b\\b\x1bcc", "abc")
	f("a\r\b\x00\x7fb\u009b2Jc", "ab2Jc")
	f("open \x1b[", "open ")
	f("open \x1b]0;never ends", "open ")
}

// styleless draws as without a terminal.
var styleless = styles.Styles{}
