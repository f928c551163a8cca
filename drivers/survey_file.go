package drivers

import (
	"cmp"
	"errors"
	"io"
	"os"
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

var (
	errNotPlain = errors.New("is no plain file")
	errTooLarge = errors.New("is larger than any file of the kernel's")
)

// isSmall tells files that can be read without waiting and without end from
// pipes, devices and whatever else a made-up tree may hold.
func isSmall(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errNotPlain
	case info.Size() > smallSize:
		return errTooLarge
	}
	return nil
}

// value reads a file of one value; ok is false where it cannot be had.
func (h *Hardware) value(parts ...string) (text string, ok bool) {
	path := h.path(parts...)
	if isSmall(path) != nil {
		return "", false
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", false
	}
	defer f.Close()
	all, err := io.ReadAll(io.LimitReader(f, smallSize))
	text, _, _ = strings.Cut(string(all), "\x00") // the device tree ends its texts so
	return printable(strings.TrimSpace(text)), err == nil
}

// printable keeps what a terminal must not obey out of a text, and bounds it.
func printable(text string) string {
	runes := []rune(strings.ToValidUTF8(text, "?"))
	for i, r := range runes {
		if !unicode.IsPrint(r) {
			runes[i] = ' '
		}
	}
	return string(runes[:min(len(runes), maxText)])
}

// names gives what a folder holds under names that begin so, gpiochip2 before
// gpiochip10; nothing where it is no folder.
func (h *Hardware) names(dir, prefix string) []string {
	path := h.path(dir)
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
