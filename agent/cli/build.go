package cli

import (
	"runtime/debug"
	"time"
)

// Build is what the binary knows of its own making.
type Build struct {
	Version, Commit string
	At              time.Time // of the commit; zero where it is not known
}

// ThisBuild reads it.
func ThisBuild() Build {
	b := Build{Version: "devel", Commit: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.At, _ = time.Parse(time.RFC3339, s.Value)
		case "vcs.modified":
			if s.Value == "true" {
				b.Commit += "+modified"
			}
		}
	}
	return b
}

// NotBefore is the earliest time that a working clock can show.
func (b Build) NotBefore() time.Time {
	if b.At.IsZero() {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) // the year this code was written
	}
	return b.At
}
