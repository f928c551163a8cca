package scenarios

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/agent/ramdisk"
	"thermostat/fleet/cluster"
	"thermostat/fleet/rig"
)

// These tests run the real agent against real brokers, which die for real,
// one after another: some look for pauses of a zone.

func TestMain(m *testing.M) {
	cluster.MayBeNode()
	os.Exit(ramdisk.Run(m.Run))
}

// startCluster gives a cluster of three that ends with the test.
func startCluster(t *testing.T, config func(*cluster.Cluster, *cluster.Node) string) *cluster.Cluster {
	t.Helper()
	c, err := cluster.New(t.ArtifactDir(), 3, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	t.Cleanup(func() {
		for _, n := range c.Nodes {
			if log, _ := os.ReadFile(filepath.Join(n.Dir, "log")); t.Failed() {
				t.Logf("log of %s, its end:\n%s", n.Name, log[max(0, len(log)-3000):])
			}
		}
	})
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// heal brings every node back and waits until the cluster is whole. login, if
// any, is how to enter.
func heal(t *testing.T, c *cluster.Cluster, login func(*paho.ClientOptions)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), rig.Patience)
	defer cancel()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if err := c.TakesQoS1(ctx, login); err != nil {
		t.Fatal(err)
	}
	if err := c.Healthy(ctx); err != nil {
		t.Fatal(err)
	}
}
