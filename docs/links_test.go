// Package docs holds tests of what people read: links, headings, tables.
package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

const root = ".."

var (
	link    = regexp.MustCompile(`\]\(([^()\s]*)\)`)
	heading = regexp.MustCompile(`^ {0,3}#{1,6} +(.*?)(?: +#+)? *$`)
	codeIn  = regexp.MustCompile("`[^`]*`")
	named   = regexp.MustCompile(`\bdocs/[a-z0-9-]+\.(?:md|svg|png)\b`)
)

// TestEveryLinkLeadsToAFileAndAHeading follows the relative links of every
// document of the repository; it asks no network.
func TestEveryLinkLeadsToAFileAndAHeading(t *testing.T) {
	files := documents(t, ".md")
	if len(files) < 15 {
		t.Fatalf("only %d documents: %v", len(files), files)
	}
	links := 0
	for _, file := range files {
		for _, target := range linksOf(read(t, file)) {
			links++
			if err := follow(file, target); err != nil {
				t.Errorf("%s: the link %s: %v", file, target, err)
			}
		}
	}
	if links < 100 {
		t.Errorf("only %d links were found", links)
	}
}

// TestDocumentsNamedInTheSourcesExist: also what programs and scripts name.
func TestDocumentsNamedInTheSourcesExist(t *testing.T) {
	for _, file := range documents(t, ".go", ".js", ".sh", ".yaml", ".proto", ".service", ".1") {
		for _, name := range named.FindAllString(read(t, file), -1) {
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				t.Errorf("%s names %s: %v", file, name, err)
			}
		}
	}
}

func TestReadmeHasAtMost200Lines(t *testing.T) {
	if n := strings.Count(read(t, filepath.Join(root, "README.md")), "\n"); n > 200 {
		t.Errorf("README.md has %d lines: nobody reads it to its end", n)
	}
}

// TestNoEmptyLineCutsATable: what follows the gap would be shown as plain text.
func TestNoEmptyLineCutsATable(t *testing.T) {
	isRow := func(line string) bool { return strings.HasPrefix(line, "|") }
	for _, file := range documents(t, ".md") {
		lines := append(strings.Split(read(t, file), "\n"), "", "")
		for i := 2; i < len(lines)-1; i++ {
			cut := isRow(lines[i-2]) && lines[i-1] == "" && isRow(lines[i])
			if cut && !strings.HasPrefix(lines[i+1], "|---") {
				t.Errorf("%s:%d: an empty line cuts the table above this row", file, i+1)
			}
		}
	}
}

// TestAnchorsAreThoseOfTheForge holds our making of anchors to known ones.
func TestAnchorsAreThoseOfTheForge(t *testing.T) {
	text := "# What happens if…\n## run, check and off\n```\n# no heading\n```\n## The `page`\n## Again\n## Again\n    # code\n## A [link](x.md) in_it\n"
	want := []string{"what-happens-if", "run-check-and-off", "the-page", "again", "again-1", "a-link-in_it"}
	if got := anchors(text); !slices.Equal(got, want) {
		t.Errorf("anchors %q, want %q", got, want)
	}
	if err := follow(filepath.Join(root, "README.md"), "docs/safety.md#no-such-heading"); err == nil {
		t.Error("a heading that is not there is found")
	}
	if err := follow(filepath.Join(root, "README.md"), "docs/no/page.md"); err == nil {
		t.Error("a file that is not there is found")
	}
	if got := linksOf("a [b](c.md) `[d](e.md)` ![f](g.png)\n```\n[h](i.md)\n```\n"); !slices.Equal(got, []string{"c.md", "g.png"}) {
		t.Errorf("links %q", got)
	}
}

// documents gives the files of the repository with one of these endings.
func documents(t *testing.T, endings ...string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{".git", "node_modules", "dist"}, d.Name()) {
			return fs.SkipDir
		}
		if d.Type().IsRegular() && slices.Contains(endings, filepath.Ext(path)) {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// prose gives the lines of a document that stand in no fenced code.
func prose(text string) (lines []string) {
	fenced := false
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		} else if !fenced {
			lines = append(lines, line)
		}
	}
	return lines
}

// linksOf gives the targets of all links and pictures.
func linksOf(text string) (targets []string) {
	plain := codeIn.ReplaceAllString(strings.Join(prose(text), "\n"), "")
	for _, l := range link.FindAllStringSubmatch(plain, -1) {
		targets = append(targets, l[1])
	}
	return targets
}

// follow says why a link of a document leads nowhere; links to other hosts are not followed.
func follow(file, target string) error {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return nil
	}
	path, anchor, hasAnchor := strings.Cut(target, "#")
	to := file
	if path != "" {
		to = filepath.Join(filepath.Dir(file), filepath.FromSlash(path))
	}
	if _, err := os.Stat(to); err != nil {
		return err
	}
	if !hasAnchor {
		return nil
	}
	text, err := os.ReadFile(to)
	if err != nil {
		return err
	}
	if !slices.Contains(anchors(string(text)), anchor) {
		return fmt.Errorf("%s has no heading #%s", to, anchor)
	}
	return nil
}

// anchors are the names that forges give to a document's headings: small
// letters, digits, _ and -, blanks as dashes, a number behind the name of one that comes again.
func anchors(text string) (names []string) {
	count := map[string]int{}
	for _, line := range prose(text) {
		h := heading.FindStringSubmatch(line)
		if h == nil {
			continue
		}
		name := strings.Map(anchorRune, strings.ToLower(link.ReplaceAllString(h[1], "]")))
		if n := count[name]; n > 0 {
			names = append(names, fmt.Sprintf("%s-%d", name, n))
		} else {
			names = append(names, name)
		}
		count[name]++
	}
	return names
}

func anchorRune(r rune) rune {
	switch {
	case r == ' ':
		return '-'
	case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
		return r
	}
	return -1
}
