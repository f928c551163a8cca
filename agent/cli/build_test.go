package cli

import (
	"runtime/debug"
	"testing"
)

// TestAVersionTellsAReleaseFromWhatComesAfter: only a clean build of the commit with the tag of the
// file VERSION is the release; any other names its commit, and grows with time.
func TestAVersionTellsAReleaseFromWhatComesAfter(t *testing.T) {
	for name, c := range map[string]struct {
		module, modified, version, commit string
	}{
		"the release":              {"v1.2.3", "false", "1.2.3", "83a08aec0ba778a4641e9100d25b43c07016d611"},
		"after it":                 {"v1.2.4-0.20261129014927-83a08aec0ba7", "false", "1.2.3+git20261129014927.83a08aec", "83a08aec0ba778a4641e9100d25b43c07016d611"},
		"without its tag":          {"v0.0.0-20261129014927-83a08aec0ba7", "false", "1.2.3+git20261129014927.83a08aec", "83a08aec0ba778a4641e9100d25b43c07016d611"},
		"at the tag of another":    {"v1.2.2", "false", "1.2.3+git20261129014927.83a08aec", "83a08aec0ba778a4641e9100d25b43c07016d611"},
		"modified, at its own tag": {"v1.2.3+dirty", "true", "1.2.3+git20261129014927.83a08aec", "83a08aec0ba778a4641e9100d25b43c07016d611+modified"},
	} {
		info := &debug.BuildInfo{Main: debug.Module{Version: c.module}, Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "83a08aec0ba778a4641e9100d25b43c07016d611"},
			{Key: "vcs.time", Value: "2026-11-29T01:49:27Z"},
			{Key: "vcs.modified", Value: c.modified},
		}}
		if b := buildOf("1.2.3", info); b.Version != c.version || b.Commit != c.commit {
			t.Errorf("%s: %+v", name, b)
		}
	}
	if b := buildOf("1.2.3", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}); b.Version != "1.2.3+devel" || b.Commit != "unknown" || b.NotBefore().IsZero() {
		t.Errorf("without a repository: %+v", b)
	}
}
