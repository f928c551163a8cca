//go:build linux

package main

import (
	"errors"
	"os/exec"
	"sync"
	"syscall"

	"thermostat/lab/wire"
)

// start runs a process and tells the host of its output and its end.
func (s *server) start(r wire.Request) {
	cmd := exec.Command(r.Args[0], r.Args[1:]...)
	cmd.Env, cmd.Dir = r.Env, r.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:    true,
		Credential: &syscall.Credential{Uid: r.UID, Gid: r.GID, Groups: r.Groups},
	}
	// Output of both streams is sent in the order in which it comes.
	var order sync.Mutex
	cmd.Stdout = output{&order, func(b []byte) { s.reply(wire.Reply{ID: r.ID, Stdout: b}) }}
	cmd.Stderr = output{&order, func(b []byte) { s.reply(wire.Reply{ID: r.ID, Stderr: b}) }}
	if err := cmd.Start(); err != nil {
		s.reply(wire.Reply{ID: r.ID, Error: err.Error(), Done: true, Exit: 127})
		return
	}
	s.reply(wire.Reply{ID: r.ID, PID: cmd.Process.Pid})
	s.reply(wire.Reply{ID: r.ID, Done: true, Exit: exitCode(cmd.Wait())})
}

type output struct {
	order *sync.Mutex
	send  func([]byte)
}

func (o output) Write(b []byte) (int, error) {
	o.order.Lock()
	defer o.order.Unlock()
	o.send(b)
	return len(b), nil
}

func exitCode(err error) int {
	var exit *exec.ExitError
	if err == nil {
		return 0
	}
	if !errors.As(err, &exit) {
		return 127
	}
	if status := exit.Sys().(syscall.WaitStatus); status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}
