// Package hostfs reads the small files in which a machine tells of itself, below
// /sys, /proc, /etc and /boot, or below the root of a made-up tree. Whatever
// stands there, no read waits and none is endless.
package hostfs

import (
	"cmp"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode"
)

const (
	// smallSize holds any of the kernel's one-value files: these say that they are
	// as large as a page, which is 64 KiB at most.
	smallSize = 64 << 10
	maxNames  = 4096 // of one folder
	maxText   = 200  // characters of one value
)

// The errors of [Root.Small] for what is there and is not read.
var (
	ErrNotPlain = errors.New("is no plain file")
	ErrTooLarge = errors.New("is larger than any file of the kernel's")
)

// Root is put before every path; "" or "/" is the machine itself.
type Root string

// Path is a path below the root.
func (r Root) Path(parts ...string) string {
	return filepath.Join(append([]string{"/", string(r)}, parts...)...)
}

// Real reports whether this is the machine itself, and no made-up tree.
func (r Root) Real() bool { return r.Path() == "/" }

// Exists reports whether anything stands there.
func (r Root) Exists(parts ...string) bool {
	_, err := os.Stat(r.Path(parts...))
	return err == nil
}

// Small tells files that can be read without waiting and without end, by nil,
// from pipes, devices and whatever else a made-up tree may hold.
func (r Root) Small(parts ...string) error {
	info, err := os.Stat(r.Path(parts...))
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return ErrNotPlain
	case info.Size() > smallSize:
		return ErrTooLarge
	}
	return nil
}

// Value reads a file of one value; ok is false where it cannot be had.
func (r Root) Value(parts ...string) (text string, ok bool) {
	if r.Small(parts...) != nil {
		return "", false
	}
	f, err := os.OpenFile(r.Path(parts...), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", false
	}
	defer f.Close()
	all, err := io.ReadAll(io.LimitReader(f, smallSize))
	text, _, _ = strings.Cut(string(all), "\x00") // the device tree ends its texts so
	return Printable(strings.TrimSpace(text)), err == nil
}

// Printable keeps what a terminal must not obey out of a text, and bounds it.
func Printable(text string) string {
	runes := []rune(strings.ToValidUTF8(text, "?"))
	for i, c := range runes {
		if !unicode.IsPrint(c) {
			runes[i] = ' '
		}
	}
	return string(runes[:min(len(runes), maxText)])
}

// Names gives what a folder holds under names that begin so, gpiochip2 before
// gpiochip10; nothing where it is no folder.
func (r Root) Names(dir, prefix string) []string {
	path := r.Path(dir)
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	all, _ := f.Readdirnames(maxNames) // what could be read counts
	all = slices.DeleteFunc(all, func(name string) bool { return !strings.HasPrefix(name, prefix) })
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	return all
}
