//go:build linux

// Command guest is the first process of the virtual board. It mounts what a
// program expects, loads the kernel modules, and obeys the host.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"thermostat/lab/wire"
)

func main() {
	err := run()
	if err == nil {
		return
	}
	fmt.Println("guest:", err)
	time.Sleep(time.Second) // the kernel panics when we leave; let the console be read
}

// run is the life of the first process; "serve" is the guest's life on a board
// whose disk has an init of its own, and "try" a look around in a sandbox.
func run() error {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "serve":
			return serve()
		case "try":
			return try(os.Args[2:])
		}
	}
	if err := mount(); err != nil {
		return err
	}
	boot := bootArguments()
	for _, m := range strings.Split(boot["lab.load"], ",") {
		if err := load(m, nil); err != nil {
			return err
		}
	}
	if err := network(); err != nil {
		return err
	}
	if disk := boot["lab.root"]; disk != "" {
		return newRoot(disk)
	}
	go keepRights()
	return serve()
}

// serve obeys the host.
func serve() error {
	port, err := serialPort()
	if err != nil {
		return err
	}
	return (&server{port: port}).serve()
}

func mount() error {
	for _, m := range []struct{ kind, at string }{
		{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"}, {"tmpfs", "/run"},
	} {
		if err := os.MkdirAll(m.at, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, m.at, m.kind, 0, ""); err != nil && err != unix.EBUSY {
			return fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	return os.Chmod("/tmp", 0o1777)
}

// bootArguments are the kernel's, key=value.
func bootArguments() map[string]string {
	text, _ := os.ReadFile("/proc/cmdline") // absent only where nothing works
	args := map[string]string{}
	for _, word := range strings.Fields(string(text)) {
		key, value, _ := strings.Cut(word, "=")
		args[key] = value
	}
	return args
}

// serialPort finds the host's port by its name.
func serialPort() (*os.File, error) {
	names, _ := filepath.Glob("/sys/class/virtio-ports/*/name") // the pattern is well formed
	for _, file := range names {
		if text, _ := os.ReadFile(file); strings.TrimSpace(string(text)) == wire.Port {
			return os.OpenFile("/dev/"+filepath.Base(filepath.Dir(file)), os.O_RDWR, 0)
		}
	}
	return nil, fmt.Errorf("no serial port %s", wire.Port)
}

// keepRights gives the devices the groups that Raspberry Pi OS gives them,
// those that appear later too.
func keepRights() {
	for ; ; time.Sleep(50 * time.Millisecond) {
		rights("/dev/gpiochip*", wire.GroupGPIO)
		rights("/dev/i2c-*", wire.GroupI2C)
	}
}

func rights(pattern string, group int) {
	paths, _ := filepath.Glob(pattern) // the pattern is well formed
	for _, p := range paths {
		_ = os.Chown(p, 0, group) // it may be gone again
		_ = os.Chmod(p, 0o660)
	}
}

// server obeys the host.
type server struct {
	port *os.File
	mu   sync.Mutex // of writes
}

func (s *server) serve() error {
	s.reply(wire.Reply{}) // says that the board is up
	lines := bufio.NewReader(s.port)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return fmt.Errorf("the host is gone: %w", err)
		}
		var r wire.Request
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("%q: %w", line, err)
		}
		go s.obey(r)
	}
}

func (s *server) obey(r wire.Request) {
	if r.Op == wire.Start {
		s.start(r)
		return
	}
	answer, err := perform(r)
	if err != nil {
		answer.Error = err.Error()
	}
	answer.ID = r.ID
	s.reply(answer)
}

func (s *server) reply(r wire.Reply) {
	line, err := json.Marshal(r)
	if err != nil {
		panic(err) // plain values always marshal
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.port.Write(append(line, '\n')); err != nil {
		fmt.Println("guest: reply:", err)
	}
}

func perform(r wire.Request) (wire.Reply, error) {
	switch r.Op {
	case wire.Signal:
		return wire.Reply{}, unix.Kill(r.PID, unix.Signal(r.Signal))
	case wire.Read:
		data, err := os.ReadFile(r.Path)
		return wire.Reply{Data: data}, err
	case wire.Write:
		return wire.Reply{}, write(r)
	case wire.Remove:
		return wire.Reply{}, os.RemoveAll(r.Path)
	case wire.Glob:
		names, err := filepath.Glob(r.Path)
		return wire.Reply{Names: names}, err
	case wire.Load:
		return wire.Reply{}, load(r.Args[0], r.Args[1:])
	case wire.Clock:
		return wire.Reply{}, unix.Settimeofday(&unix.Timeval{Sec: r.Time})
	}
	return wire.Reply{}, fmt.Errorf("%q is no operation", r.Op)
}

func write(r wire.Request) error {
	if err := os.MkdirAll(filepath.Dir(r.Path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(r.Path, r.Data, os.FileMode(r.Mode)); err != nil {
		return err
	}
	if strings.HasPrefix(r.Path, "/sys/") {
		return nil
	}
	return os.Chown(r.Path, r.Owner[0], r.Owner[1])
}
