//go:build !linux

package cli

import "os"

// TerminalSize is not asked here: the usual one.
func TerminalSize(f *os.File) (width, height int, ok bool) { return 80, 24, IsTerminal(f) }

// Resizes never tells here.
func Resizes() (told <-chan os.Signal, end func()) { return nil, func() {} }
