package main

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// withCure gives an error in one line, with what to type where root is needed.
func withCure(err error) string {
	if cure := asRoot(err); cure != "" {
		return inOneLine(err) + "; " + cure
	}
	return inOneLine(err)
}

// asRoot says what to type where a file is not ours to read or to write; empty
// where that is not what is wrong, or would not mend it. Devices are a matter
// of groups.
func asRoot(err error) string {
	var path *fs.PathError
	if os.Geteuid() == 0 || !errors.Is(err, fs.ErrPermission) || !errors.As(err, &path) || isDevice(path.Path) {
		return ""
	}
	if os.Getenv("NOTIFY_SOCKET") != "" {
		return "the service must be able to read it: type sudo chmod a+r " + quoted(path.Path)
	}
	return "only root may do this: type sudo " + typed(os.Args)
}

func isDevice(path string) bool {
	return strings.HasPrefix(path, "/dev/") || strings.HasPrefix(path, "/sys/") || strings.HasPrefix(path, "/proc/")
}

var bareWord = regexp.MustCompile(`^[A-Za-z0-9_./:=@%+,-]+$`)

// typed is a command as a person types it into a shell.
func typed(args []string) string {
	words := []string{strings.TrimPrefix(args[0], "/usr/bin/")}
	for _, a := range args[1:] {
		words = append(words, quoted(a))
	}
	return strings.Join(words, " ")
}

func quoted(word string) string {
	if bareWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
