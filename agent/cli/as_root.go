package cli

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// WithCure gives an error in one line, with what to type where root is needed.
func WithCure(err error) string {
	if cure := asRoot(err); cure != "" {
		return InOneLine(err) + "; " + cure
	}
	return InOneLine(err)
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
		return "the service must be able to read it: type sudo chmod a+r " + Quoted(path.Path)
	}
	executable, _ := os.Executable() // unknown is as good as installed
	return "only root may do this: type sudo " + HowToRun(os.Args[0], executable) + " " + Typed(os.Args[1:])
}

func isDevice(path string) bool {
	return strings.HasPrefix(path, "/dev/") || strings.HasPrefix(path, "/sys/") || strings.HasPrefix(path, "/proc/")
}

var bareWord = regexp.MustCompile(`^[A-Za-z0-9_./:=@%+,-]+$`)

// Typed are arguments as a person types them into a shell.
func Typed(args []string) string {
	var words []string
	for _, a := range args {
		words = append(words, Quoted(a))
	}
	return strings.Join(words, " ")
}

// Quoted is a word as a person types it into a shell.
func Quoted(word string) string {
	if bareWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// HowToRun is what a person types to run this program once more: what was typed
// for this run, or go run where that made the program, and removes it again.
func HowToRun(typed, executable string) string {
	switch {
	case strings.Contains(executable, "/go-build"):
		return "go run ./agent"
	case strings.ContainsFunc(typed, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`'"$&|;<>()*?\`+"`", r) }):
		return "thermostat" // a path that a shell would not take as it stands
	}
	return typed
}
