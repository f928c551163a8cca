//go:build unix

package cli

import (
	"fmt"
	"os"
	"syscall"
)

// ToJournal reports whether a file is the journal's end of a pipe, which
// JOURNAL_STREAM names as DEVICE:INODE (systemd.exec(5)).
func ToJournal(f *os.File, getenv func(string) string) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", s.Dev, s.Ino)
}
