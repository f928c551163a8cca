package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestLogHasPriorities(t *testing.T) {
	var b bytes.Buffer
	log := NewLogger(&b, true).With("zone", "attic").WithGroup("g")
	log.Info("a", "k", 1)
	log.Warn("b")
	log.Error("two\nlines")
	log.Debug("not told")
	want := "<6>level=INFO msg=a zone=attic g.k=1\n<4>level=WARN msg=b zone=attic\n<3>level=ERROR msg=\"two\\nlines\" zone=attic\n"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	b.Reset()
	NewLogger(&b, false).Info("a")
	if !strings.HasPrefix(b.String(), "time=") {
		t.Errorf("without a journal: %q", b.String())
	}
}

func TestComplaintsHavePriorities(t *testing.T) {
	var b bytes.Buffer
	w := ComplaintsTo(&b, true)
	fmt.Fprintln(w, "config.yaml:1:1: is missing")
	fmt.Fprintln(w, "warning: config.yaml:2:1: pulls up")
	fmt.Fprintln(w, "thermostat: warning: what the last agent held is not known")
	fmt.Fprint(w, "one\ntwo\n")
	want := "<3>config.yaml:1:1: is missing\n<4>warning: config.yaml:2:1: pulls up\n" +
		"<4>thermostat: warning: what the last agent held is not known\n<3>one\n<3>two\n"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

// Priorities are for the journal alone: not where stderr was sent elsewhere.
func TestPrioritiesAreForTheJournalAlone(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	s := info.Sys().(*syscall.Stat_t)
	for stream, want := range map[string]bool{
		fmt.Sprintf("%d:%d", s.Dev, s.Ino): true, fmt.Sprintf("%d:%d", s.Dev, s.Ino+1): false, "": false,
	} {
		if got := ToJournal(f, func(string) string { return stream }); got != want {
			t.Errorf("JOURNAL_STREAM=%q: %v", stream, got)
		}
	}
}
