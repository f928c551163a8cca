package brokers

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"thermostat/agent/ramdisk"
	"thermostat/fleet/cluster"
)

func TestMain(m *testing.M) {
	cluster.MayBeNode()
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		flag.Set("test.parallel", "100") // all wait for other programs
	}
	os.Exit(ramdisk.Run(m.Run))
}

// TestEachBrokerDoesWhatTheDocumentSays holds every cell of the table of docs/brokers.md
// against what that broker and a real agent do.
func TestEachBrokerDoesWhatTheDocumentSays(t *testing.T) {
	cells := readTable(t)
	for _, m := range makes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			b := m.make(t)
			b.start()
			look := func(t *testing.T, row behaviour) {
				expect := told(cells[row.row][m.name])
				if expect == "" {
					t.Errorf("docs/brokers.md has no cell %q for %s", row.row, m.name)
				}
				if seen := row.do(&scene{t, b, row.device, expect}); seen != expect {
					t.Errorf("docs/brokers.md tells %q, and it is %q", expect, seen)
				}
			}
			t.Run("at once", func(t *testing.T) {
				for _, row := range behaviours {
					t.Run(row.device, func(t *testing.T) {
						t.Parallel()
						look(t, row)
					})
				}
			})
			for _, row := range afterwards {
				t.Run(row.device, func(t *testing.T) { look(t, row) })
			}
		})
	}
}

func readDocument(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/brokers.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// readTable gives the cells of the document's table, by row and column.
func readTable(t *testing.T) (cells map[string]map[string]string) {
	text := readDocument(t)
	cells = map[string]map[string]string{}
	var heads []string
	for line := range strings.Lines(text) {
		line, is := strings.CutPrefix(strings.TrimSpace(line), "|")
		if !is {
			heads = nil
			continue
		}
		columns := strings.Split(strings.Trim(line, "| "), " | ")
		if heads == nil {
			heads = columns
			continue
		}
		row := map[string]string{}
		for i, cell := range columns {
			row[heads[i]] = cell
		}
		cells[columns[0]] = row
	}
	return cells
}

var name = regexp.MustCompile("`([a-z_]+)`")

// told is what a cell tells: the names in it, else its first word.
func told(cell string) string {
	var names []string
	for _, n := range name.FindAllStringSubmatch(cell, -1) {
		names = append(names, n[1])
	}
	if len(names) == 0 {
		word, _, _ := strings.Cut(cell, ":")
		return word
	}
	return strings.Join(names, " ")
}
