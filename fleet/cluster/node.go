package cluster

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/nats-io/nats-server/v2/server"
)

// configVariable names the configuration of the server that this program is to be.
const configVariable = "THERMOSTAT_FLEET_NODE"

// MayBeNode turns this program into a nats-server if it was started as one by
// [Node.Start]; else it returns at once. TestMain or main calls it first.
func MayBeNode() {
	file := os.Getenv(configVariable)
	if file == "" {
		return
	}
	go func() { // never outlive whoever started us
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Fprintln(os.Stderr, serve(file))
	os.Exit(1)
}

func serve(file string) error {
	options, err := server.ProcessConfigFile(file)
	if err != nil {
		return err
	}
	s, err := server.NewServer(options)
	if err != nil {
		return err
	}
	s.ConfigureLogger()
	s.Start()
	s.WaitForShutdown()
	return fmt.Errorf("%s has shut down", options.ServerName)
}

// Node is one server of a cluster, a process of its own.
type Node struct {
	Name string
	Dir  string // its configuration, store and log

	MQTT, NATS, Route, HTTP string // where it listens, 127.0.0.1:port
	cmd                     *exec.Cmd
	alive                   io.Closer // the node ends when this is closed
}

// Pid is the process of a node that runs.
func (n *Node) Pid() int { return n.cmd.Process.Pid }

// Running reports whether the node was started and not killed.
func (n *Node) Running() bool { return n.cmd != nil }

// Start begins the node's process, on the same ports and store as ever.
func (n *Node) Start() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(n.Dir, "out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), configVariable+"="+n.configFile())
	cmd.Stdout, cmd.Stderr = log, log
	if n.alive, err = cmd.StdinPipe(); err != nil {
		return err
	}
	n.cmd = cmd
	return cmd.Start()
}

// Kill ends the node at once, as a loss of power does (SIGKILL).
func (n *Node) Kill() {
	if n.cmd == nil {
		return
	}
	n.cmd.Process.Kill()
	n.cmd.Wait()
	n.cmd = nil
}

func (n *Node) configFile() string { return filepath.Join(n.Dir, "nats.conf") }
