package reference

import (
	"os"
	"strings"
	"testing"

	"thermostat/agent/clitest"
)

// The tables of keys in the documents are those of the program. Who changed a key
// writes them anew: KEYS=write go test ./agent/config/reference -run Tables.
func TestTablesOfKeysInTheDocumentsAreThoseOfTheProgram(t *testing.T) {
	tables := 0
	for _, page := range []string{"../../../docs/configuration.md", "../../../docs/devices.md"} {
		text := read(t, page)
		filled, err := fill(text)
		if err != nil {
			t.Fatal(err)
		}
		tables += strings.Count(filled, ": the table begins here -->")
		if os.Getenv("KEYS") == "write" {
			clitest.WriteFile(t, page, filled)
		} else if filled != text {
			t.Errorf("%s tells other keys than the program has: KEYS=write go test ./agent/config/reference -run Tables", page)
		}
	}
	if tables != 13 {
		t.Errorf("%d tables, want one of all keys and one of each driver that has some", tables)
	}
}
