//go:build !linux

package main

import "os"

// terminalSize is not asked here: the usual one.
func terminalSize(f *os.File) (width, height int, ok bool) { return 80, 24, isTerminal(f) }

// resizes never tells here.
func resizes() (told <-chan os.Signal, end func()) { return nil, func() {} }
