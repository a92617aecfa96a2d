package sheet_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/sheet"
)

func ci(n int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%064d", n))
}

func ref(ci string) string { return "ref of " + ci }

func enrolled(in io.Reader) (lines []ledger.Enrolment, err error) {
	err = sheet.Roster(sheet.File{Name: "roster.csv", In: in}, ref, func(e ledger.Enrolment) error {
		lines = append(lines, e)
		return nil
	})
	return lines, err
}

func TestRoster(t *testing.T) {
	// As a spreadsheet saves it: with a byte order mark, CRLF, columns in its own
	// order and a quoted field over two lines.
	in := "\ufeffCI,Cohort,Detail,Reason\r\n" + ci(1) + ",tenth-9,,\r\n" + ci(2) + ",tenth-9,\"접종 완료,\r\n1차\",already_vaccinated\r\n"
	lines, err := enrolled(strings.NewReader(in))
	want := []ledger.Enrolment{
		{Cohort: "tenth-9", Person: ref(ci(1))},
		{Cohort: "tenth-9", Person: ref(ci(2)), Reason: "already_vaccinated", Detail: "접종 완료,\n1차"},
	}
	if diff := cmp.Diff(want, lines); err != nil || diff != "" {
		t.Errorf("roster (-want +got):\n%s %v", diff, err)
	}
}

func TestAPersonIsOneHoweverTheSheetSpellsThem(t *testing.T) {
	wide := strings.Map(func(r rune) rune { return r - '!' + '！' }, ci(1))
	lines, err := enrolled(strings.NewReader("cohort,ci,reason\nc, " + wide + " ,\n"))
	if err != nil || len(lines) != 1 || lines[0].Person != ref(ci(1)) {
		t.Errorf("read %+v, %v", lines, err)
	}
}

func TestRosterMistakesAreToldByLine(t *testing.T) {
	f := func(body string, want ...string) {
		t.Helper()
		_, err := enrolled(strings.NewReader("cohort,ci,reason,detail\n" + body))
		if err == nil {
			t.Errorf("%q was taken", body)
			return
		}
		if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
			t.Errorf("%.200q (-want +got):\n%.500s", body, diff)
		}
	}
	f("c,850228-2000001,,\n", "roster.csv:2: ci: is not connecting information, 64 bytes as 88 characters of base64")
	f("c,"+strings.TrimSuffix(ci(1), "MQ==")+"MR==,,\n", "roster.csv:2: ci: is not connecting information, 64 bytes as 88 characters of base64")
	f(","+ci(1)+",,\nc,,,\n", "roster.csv:2: cohort: is empty", "roster.csv:3: ci: is empty")
	f("c,"+ci(1)+",Already vaccinated,\n", `roster.csv:2: reason: "Already vaccinated" is no code like already_vaccinated; leave it empty for who may book`)
	f("c,"+ci(1)+",,why\n", "roster.csv:2: detail: explains a reason, but there is none")
	f("c,"+ci(1)+"\n", "roster.csv:2: has 2 fields, the header has 4")
	f("c,"+ci(1)+",,\nd,"+ci(1)+",,\nc,"+ci(1)+",vaccinated,\nc,"+ci(1)+",,\n",
		"roster.csv:4: ci: this person stands on line 2 already", "roster.csv:5: ci: this person stands on line 2 already")
	f(`c,"`+ci(1)+"\n", `roster.csv:2: extraneous or missing " in quoted-field`)
	f("c,"+ci(1)+`,,"`+strings.Repeat("x", 1<<20), "roster.csv:1: what follows is longer than 64 KiB; a quote may not be closed")
	f("c,"+ci(1)+",,"+strings.Repeat("x", 60<<10)+"\n", "roster.csv:2: detail: explains a reason, but there is none")
	f("c,"+ci(1)+",no,\xb0\xa1\xb3\xaa\n", `roster.csv:2: is CP949 (EUC-KR), not UTF-8; save the sheet as "CSV UTF-8"`)
	f("c,"+ci(1)+",no,\xff\xff\n", `roster.csv:2: is not UTF-8; save the sheet as "CSV UTF-8"`)
}

func TestHeaderMistakes(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if _, err := enrolled(strings.NewReader(in)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
	f("", "roster.csv:1: no header line: the file is empty")
	f("cohort;ci;reason\nc;x;\n", "roster.csv:1: no comma; columns are separated by commas, not by semicolons or tabs")
	f("cohort,ci,reason\rc,x,\r", `roster.csv:1: lines end in a lone CR; save the sheet as "CSV UTF-8"`)
	f("cohort,ci\n", "roster.csv:1: reason: the header does not name this column")
	f("cohort,ci,reason,CI\n", "roster.csv:1: ci: the header names this column twice")
	f("\xff\xfec\x00o\x00", `roster.csv:1: is UTF-16, not UTF-8; save the sheet as "CSV UTF-8"`)
	f("\xc4\xda\xc8\xa3\xc6\xae,ci\n", `roster.csv:1: is CP949 (EUC-KR), not UTF-8; save the sheet as "CSV UTF-8"`)
}

// crowd is a roster of so many lines that never was in memory.
type crowd struct {
	lines, n int
	left     []byte
}

func (c *crowd) Read(p []byte) (int, error) {
	if len(c.left) == 0 {
		switch {
		case c.n == 0:
			c.left = []byte("cohort,ci,reason\n")
		case c.n > c.lines:
			return 0, io.EOF
		default:
			c.left = fmt.Appendf(c.left[:0], "tenth-9,%s,\n", ci(c.n))
		}
		c.n++
	}
	n := copy(p, c.left)
	c.left = c.left[n:]
	return n, nil
}

func TestALargeRosterIsReadInLittleMemory(t *testing.T) {
	const lines, perLine = 200_000, 64 // bytes: 24 kept, up to twice as many while the list grows, and some slack
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n, most := 0, uint64(0)
	err := sheet.Roster(sheet.File{Name: "crowd", In: &crowd{lines: lines}}, func(ci string) string { return ci }, func(ledger.Enrolment) error {
		if n++; n%(lines/10) == 0 {
			runtime.GC()
			runtime.ReadMemStats(&during)
			most = max(most, during.HeapAlloc)
		}
		return nil
	})
	if err != nil || n != lines {
		t.Fatalf("%d lines, %v", n, err)
	}
	if used := int64(most) - int64(before.HeapAlloc); used > lines*perLine {
		t.Errorf("%d bytes held for %d lines", used, lines)
	}
}

func FuzzRoster(f *testing.F) {
	for _, seed := range []string{"cohort,ci,reason\nc," + ci(1) + ",\n", "\ufeffci,cohort,reason\r\n", "a\n\"", "\"\"\"", "\xff\xfe"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		lines, err := enrolled(bytes.NewReader(in))
		seen := map[string]bool{}
		for _, e := range lines {
			if e.Cohort == "" || e.Person == ref("") || e.Detail != "" && e.Reason == "" {
				t.Errorf("took %+v", e)
			}
			if key := e.Cohort + "\x00" + e.Person; seen[key] && err == nil {
				t.Errorf("took %+v twice", e)
			} else {
				seen[key] = true
			}
		}
	})
}

func TestListsHoldNoFormulas(t *testing.T) {
	var out bytes.Buffer
	w := sheet.NewWriter(&out)
	w.Write("=HYPERLINK(\"http://x\")", "+82-10-0000-0000", "-1", "@SUM(A1)", " =1", "＝1", "\t=1", "김순번", "a=b", "")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	want := "\"'=HYPERLINK(\"\"http://x\"\")\",'+82-10-0000-0000,'-1,'@SUM(A1),' =1,'＝1,'\t=1,김순번,a=b,\n"
	if out.String() != want {
		t.Errorf("got  %s want %s", out.String(), want)
	}
}
