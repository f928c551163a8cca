package explain

import (
	"os"
	"testing"

	"thermostat/agent/clitest"
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }
