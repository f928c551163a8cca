package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSafetyTableNamesRealTests: each proof in docs/safety.md is a test that exists where it says.
func TestSafetyTableNamesRealTests(t *testing.T) {
	text, err := os.ReadFile("../docs/safety.md")
	if err != nil {
		t.Fatal(err)
	}
	proofs := regexp.MustCompile("`([a-z0-9/]+): (Test\\w+)`").FindAllStringSubmatch(string(text), -1)
	if len(proofs) < 40 {
		t.Errorf("only %d proofs", len(proofs))
	}
	for _, p := range proofs {
		if !declares(t, filepath.Join("..", p[1]), "func "+p[2]+"(t *testing.T)") {
			t.Errorf("%s has no %s", p[1], p[2])
		}
	}
}

// declares reports whether a test file of a folder holds a text.
func declares(t *testing.T, folder, text string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), text) {
			return true
		}
	}
	return false
}
