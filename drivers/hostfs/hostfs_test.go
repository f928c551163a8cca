package hostfs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestOnlySmallPlainFilesAreRead: the rest would wait, or never end.
func TestOnlySmallPlainFilesAreRead(t *testing.T) {
	root := t.TempDir()
	at := func(name string) string { return filepath.Join(root, name) }
	if err := errors.Join(
		os.WriteFile(at("model"), []byte("Raspberry Pi 4\x00 more\n"), 0o644),
		os.WriteFile(at("huge"), nil, 0o644), os.Truncate(at("huge"), 1<<40),
		os.Mkdir(at("folder"), 0o755), syscall.Mkfifo(at("pipe"), 0o644), os.Symlink("/dev/zero", at("zeros")),
	); err != nil {
		t.Fatal(err)
	}
	r := Root(root)
	if text, ok := r.Value("model"); !ok || text != "Raspberry Pi 4" {
		t.Errorf("%q, %v", text, ok)
	}
	for name, want := range map[string]error{"huge": ErrTooLarge, "folder": ErrNotPlain, "pipe": ErrNotPlain, "zeros": ErrNotPlain, "nothing": os.ErrNotExist} {
		if text, ok := r.Value(name); ok || text != "" || !errors.Is(r.Small(name), want) {
			t.Errorf("%s: %q, %v, %v", name, text, ok, r.Small(name))
		}
	}
	if r.Real() || !Root("/").Real() || !Root("").Real() {
		t.Error("a made-up tree is not told from the machine")
	}
}

// TestPrintableIsBoundedAndObeysNoTerminal: names come from anywhere.
func TestPrintableIsBoundedAndObeysNoTerminal(t *testing.T) {
	if got := Printable("a\x1b[2Jb\n\xff"); got != "a [2Jb ?" {
		t.Errorf("%q", got)
	}
	if got := Printable(strings.Repeat("é", 1000) + "\xff"); len([]rune(got)) != maxText {
		t.Errorf("%d characters", len([]rune(got)))
	}
}
