//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// try does, one after the other, what a sandbox should refuse and what it
// should allow, and prints what came of each: "ok", or the kernel's word.
// Arguments are KIND:NAME, so that a test says what is tried; KIND alone tries
// what needs no name.
func try(what []string) error {
	answers := map[string]string{}
	for _, w := range what {
		kind, name, _ := strings.Cut(w, ":")
		answers[w] = "ok"
		if err := attempt(kind, name); err != nil {
			answers[w] = err.Error()
		}
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

func attempt(kind, name string) error {
	switch kind {
	case "write":
		return closed(os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600))
	case "read":
		return closed(os.Open(name))
	case "open":
		return closed(os.OpenFile(name, os.O_RDWR, 0))
	case "socket":
		return socket(name)
	case "suid":
		return gained(name)
	case "exec-memory":
		_, err := unix.Mmap(-1, 0, 4096, unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE)
		return err
	case "user-namespace":
		return unix.Unshare(unix.CLONE_NEWUSER)
	case "set-clock":
		return unix.Settimeofday(&unix.Timeval{Sec: 1})
	case "ask-clock":
		return adjust(0)
	case "tune-clock":
		return adjust(adjStatus)
	case "mount":
		return unix.Mount("tmpfs", "/tmp", "tmpfs", 0, "")
	case "module":
		return unix.InitModule([]byte("none"), "")
	}
	return fmt.Errorf("try: %q is nothing to try", kind)
}

// adjStatus is ADJ_STATUS of adjtimex(2): sets the status, such as that nobody has set
// the clock.
const adjStatus = 0x10

// adjust asks the kernel's clock; with modes it changes what they name.
func adjust(modes uint32) error {
	_, err := unix.Adjtimex(&unix.Timex{Modes: modes})
	return err
}

func closed(f *os.File, err error) error {
	if err != nil {
		return err
	}
	return f.Close()
}

func socket(kind string) error {
	domain, number := unix.AF_INET, unix.SOCK_STREAM
	switch kind {
	case "raw":
		number = unix.SOCK_RAW
	case "packet":
		domain, number = unix.AF_PACKET, unix.SOCK_RAW
	case "bluetooth":
		domain = unix.AF_BLUETOOTH
	}
	fd, err := unix.Socket(domain, number, 0)
	if err == nil {
		err = unix.Close(fd)
	}
	return err
}

// gained succeeds where a program that is root's and setuid makes us root.
func gained(program string) error {
	out, err := exec.Command(program, "-u").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	if id := strings.TrimSpace(string(out)); id != "0" {
		return fmt.Errorf("still user %s", id)
	}
	return nil
}
