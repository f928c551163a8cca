package set

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/clitest"
)

// TestASourceTakesNoWordThroughThePage: every command that names a zone ends with exit code 2 for a source, and says
// which zones there are; a name that is neither stays one without an answer, also where an agent knows no sources.
func TestASourceTakesNoWordThroughThePage(t *testing.T) {
	for _, sources := range []string{`[{"name":"boiler","relay":"off","calling":[],"reason":"no_demand","faults":[]}]`, ""} {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /api/zones", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `[{"zone":"hall","mode":"heat","desired":20},{"zone":"bath","mode":"heat","desired":20}]`)
		})
		if sources != "" {
			mux.HandleFunc("GET /api/sources", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, sources) })
		}
		page := httptest.NewServer(mux)
		t.Cleanup(page.Close)
		file := filepath.Join(t.TempDir(), "config.yaml")
		clitest.WriteFile(t, file, fmt.Sprintf("device: cabin\nhttp: {listen: %q}\nzones: []\n", page.Listener.Addr()))
		for line, command := range map[string]func() *cobra.Command{
			"boiler 20": Command, "boiler --default": Command, "boiler --preset eco --for 2h": Command, "boiler": BoostCommand, " boiler": ResumeCommand, "  boiler": ClearCommand,
			"   boiler": ProgramCommand, `boiler "06:00 20"`: ProgramCommand, "boiler --none": ProgramCommand,
		} {
			for _, name := range []string{"boiler", "attic"} {
				cmd := command()
				cmd.SilenceUsage, cmd.SilenceErrors = true, true
				cmd.SetOut(io.Discard)
				cmd.SetArgs(append(words(strings.Replace(line, "boiler", name, 1)), "--config", file))
				err := cmd.ExecuteContext(t.Context())
				code, says := cli.ExitNoAnswer, fmt.Sprintf("has no zone %q; there are bath, hall", name)
				if name == "boiler" && sources != "" {
					code, says = cli.ExitUsage, "boiler is a source, not a zone: it heats what the zones that call it ask for; say this to one of them; there are bath, hall"
				}
				if err == nil || clitest.CodeOf(err) != code || !strings.Contains(err.Error(), says) {
					t.Errorf("%s of %s: exit %d, %v, want %d, %s", cmd.Name(), name, clitest.CodeOf(err), err, code, says)
				}
			}
		}
	}
}
