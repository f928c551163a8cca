package docs

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestTheDocumentsNameTheReleaseThatVersionNames: the newest release in the changelog, the package that README installs,
// and the manual page, whose number cross-build.sh fills in, are those of the file VERSION.
func TestTheDocumentsNameTheReleaseThatVersionNames(t *testing.T) {
	version := strings.TrimSuffix(read(t, filepath.Join(root, "VERSION")), "\n")
	if !regexp.MustCompile(`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$`).MatchString(version) {
		t.Fatalf("VERSION is %q", version)
	}
	releases := releasesOf(t, read(t, filepath.Join(root, "CHANGELOG.md")))
	if len(releases) == 0 || releases[0] != version {
		t.Errorf("VERSION is %s, and the changelog has the releases %q", version, releases)
	}
	if text := read(t, filepath.Join(root, "README.md")); !strings.Contains(text, "./thermostat_"+version+"_arm64.deb") {
		t.Errorf("README installs another package than thermostat_%s_arm64.deb", version)
	}
	if page := read(t, filepath.Join(root, "systemd", "thermostat.1")); !strings.Contains(page, "\n.Os thermostat @VERSION@\n") {
		t.Error("the manual page has a number of its own")
	}
}

// TestTheChangelogGoesFromTheNewestReleaseToTheOldest: above the releases stands at most what is not released; each has a date.
func TestTheChangelogGoesFromTheNewestReleaseToTheOldest(t *testing.T) {
	releases := releasesOf(t, read(t, filepath.Join(root, "CHANGELOG.md")))
	if !slices.IsSortedFunc(releases, func(a, b string) int { return slices.Compare(numbers(b), numbers(a)) }) {
		t.Errorf("the releases are %q", releases)
	}
}

// releasesOf gives the numbers of a changelog's headings, top to bottom.
func releasesOf(t *testing.T, changelog string) (numbers []string) {
	t.Helper()
	release := regexp.MustCompile(`^## (\d+\.\d+\.\d+) – (\S+)$`)
	for i, line := range slices.DeleteFunc(prose(changelog), func(line string) bool { return !strings.HasPrefix(line, "## ") }) {
		r := release.FindStringSubmatch(line)
		switch {
		case r != nil:
			if _, err := time.Parse(time.DateOnly, r[2]); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			numbers = append(numbers, r[1])
		case i > 0 || line != "## Unreleased":
			t.Errorf("%q is no release: want ## 1.2.3 – 2026-12-31", line)
		}
	}
	return numbers
}

func numbers(version string) (parts []int) {
	for _, part := range strings.Split(version, ".") {
		n, _ := strconv.Atoi(part) // releasesOf saw digits
		parts = append(parts, n)
	}
	return parts
}
