package peers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"thermostat/fleet/cluster"
	"thermostat/fleet/rig"
)

// engine is one of those that take the streams.
type engine struct {
	name  string
	exact bool // it promises that no command is lost or doubled
	group bool // several processes share the partitions, and take over from each other
	ours  bool // it is fleet/engine: says Off at the start of each zone, and On again every 10 s
}

var engines = []engine{
	{name: "ours", exact: true, group: true, ours: true},
	{name: "streams", exact: true, group: true},
	{name: "flink", exact: true},
	{name: "pekko", exact: true, group: true},
}

// worker is ours, built once for all tests.
var worker = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "thermostat-peers")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "worker")
	if out, err := exec.Command("go", "build", "-o", file, "../worker").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return file, nil
})

// member is a process of an engine, which can be killed and started again as the same.
type member struct {
	t       testing.TB
	engine  engine
	brokers string
	name    string // of ours, its address
	dir     string // what it keeps besides Kafka
	process *rig.Process
	core    string // where it computes alone; empty: anywhere
}

func newMember(t testing.TB, e engine, brokers []string) *member {
	t.Helper()
	ports, err := cluster.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	return &member{t: t, engine: e, brokers: strings.Join(brokers, ","), name: ports[0], dir: t.TempDir()}
}

func (m *member) start() {
	m.t.Helper()
	args := m.command()
	if m.core != "" {
		args = append([]string{"taskset", "-c", m.core}, args...)
	}
	m.process = rig.StartCommand(m.t, exec.Command(args[0], args[1:]...))
}

func (m *member) command() []string {
	if m.engine.ours {
		file, err := worker()
		if err != nil {
			m.t.Fatal(err)
		}
		return []string{file, "--brokers", m.brokers, "--http", m.name}
	}
	java := []string{"java", "-Xmx512m", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"}
	if !*table { // what is not measured is compiled quickly
		java = append(java, "-XX:TieredStopAtLevel=1")
	}
	name := strings.ReplaceAll(m.name, ":", "-")
	return append(java, "-cp", filepath.Join(jars(m.t), m.engine.name)+"/*", "peers.Operator", m.brokers, m.dir, name)
}

// jars is the folder that build.sh fills, a folder in it for each engine.
func jars(t testing.TB) string {
	t.Helper()
	cache := os.Getenv("THERMOSTAT_PEERS")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(user, "thermostat-peers")
	}
	if _, err := os.Stat(filepath.Join(cache, "stamp")); err != nil {
		if os.Getenv("THERMOSTAT_CI") != "" {
			t.Fatal("the other engines are missing, and CI must have them: fleet/peers/build.sh")
		}
		t.Skip("the other engines are not in the cache: fleet/peers/build.sh")
	}
	return filepath.Join(cache, "jars")
}
