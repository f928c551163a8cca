package cli

import (
	"os"

	"golang.org/x/sys/windows"
)

// TerminalSize gives columns and lines; ok is false where f is no terminal.
func TerminalSize(f *os.File) (width, height int, ok bool) {
	var b windows.ConsoleScreenBufferInfo
	if !IsTerminal(f) || windows.GetConsoleScreenBufferInfo(windows.Handle(f.Fd()), &b) != nil {
		return 0, 0, false
	}
	return int(b.Window.Right-b.Window.Left) + 1, int(b.Window.Bottom-b.Window.Top) + 1, true
}

// obeysSequences has the console take control sequences, which Windows 10 and
// later do when they are asked to. NUL and older consoles do not.
func obeysSequences(f *os.File) bool {
	var mode uint32
	console := windows.Handle(f.Fd())
	return windows.GetConsoleMode(console, &mode) == nil &&
		windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}

// Resizes never tells: Windows has no signal for it. Each picture asks for the size.
func Resizes() (told <-chan os.Signal, end func()) { return nil, func() {} }
