//go:build unix

package cli

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// TerminalSize gives columns and lines; ok is false where f is no terminal.
func TerminalSize(f *os.File) (width, height int, ok bool) {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0, false
	}
	if size.Col == 0 || size.Row == 0 { // a serial line does not know
		return 80, 24, true
	}
	return int(size.Col), int(size.Row), true
}

// obeysSequences reports whether a terminal takes control sequences: every one does.
func obeysSequences(*os.File) bool { return true }

// Resizes tells whenever the terminal has another size.
func Resizes() (told <-chan os.Signal, end func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, unix.SIGWINCH)
	return c, func() { signal.Stop(c) }
}
