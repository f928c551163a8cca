package cli

import (
	"runtime/debug"
	"time"

	"thermostat"
)

// linked is the version that cross-build.sh has given to this binary and to its
// package; empty: what Go knows of the commit says it.
var linked string

// Build is what the binary knows of its own making.
type Build struct {
	Version string    // 1.0.0; between releases 1.0.0+git<date>.<commit>
	Commit  string    // with +modified where files were changed
	At      time.Time // of the commit; zero where it is not known
}

// ThisBuild reads it.
func ThisBuild() Build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	b := buildOf(thermostat.Release(), info)
	if linked != "" {
		b.Version = linked
	}
	return b
}

// buildOf reads what Go has noted. It notes a release by its tag, and nothing of
// the commit where it saw no repository.
func buildOf(release string, info *debug.BuildInfo) Build {
	b := Build{Version: release + "+devel", Commit: "unknown"}
	modified := false
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.At, _ = time.Parse(time.RFC3339, s.Value)
		case "vcs.modified":
			modified = s.Value == "true"
		}
	}
	switch {
	case info.Main.Version == "v"+release:
		b.Version = release
	case !b.At.IsZero() && len(b.Commit) > shortCommit:
		b.Version = release + "+git" + b.At.UTC().Format("20060102150405") + "." + b.Commit[:shortCommit]
	}
	if modified {
		b.Commit += "+modified"
	}
	return b
}

// shortCommit is how many letters of a commit's name a version has, as in cross-build.sh.
const shortCommit = 8

// NotBefore is the earliest time that a working clock can show.
func (b Build) NotBefore() time.Time {
	if b.At.IsZero() {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) // the year this code was written
	}
	return b.At
}
