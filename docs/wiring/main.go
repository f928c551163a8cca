// Command wiring draws the wiring of the parts that docs/hardware.md shows, one picture a row of its table:
//
//	go run ./docs/wiring
//
// It writes docs/wiring-*.svg and prints what the document says of each.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	for _, p := range parts {
		if err := os.WriteFile(filepath.Join("docs", p.picture()), draw(p), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "wiring: run it at the root of the repository:", err)
			os.Exit(1)
		}
		fmt.Println(p.shown())
	}
}

// picture is the name of its file.
func (p part) picture() string { return "wiring-" + p.file + ".svg" }

// shown is how docs/hardware.md shows it.
func (p part) shown() string { return fmt.Sprintf("![%s](%s)", p.words(), p.picture()) }
