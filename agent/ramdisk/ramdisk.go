//go:build unix

// Package ramdisk has the folders of tests lie in memory. Every module has it: it needs nothing of ours.
package ramdisk

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Run runs tests whose folders all lie in memory, where the system has room for them
// there, and gives their exit code. A broker must keep what it is told within seconds, or it
// cuts its clients off: a disk that other programs fill by the GB would let it wait for longer.
func Run(run func() int) (code int) {
	dir, err := folderInMemory("/dev/shm", 2<<30)
	if err != nil {
		panic(err)
	}
	if dir != "" {
		defer os.RemoveAll(dir)
		os.Setenv("TMPDIR", dir)
	}
	return run()
}

// folderInMemory makes a folder below one of the system's, empty if there is not so much room,
// or no program may run there.
func folderInMemory(below string, room uint64) (dir string, err error) {
	var is syscall.Statfs_t
	if err := syscall.Statfs(below, &is); err != nil || uint64(is.Bavail)*uint64(is.Bsize) < room {
		return "", nil
	}
	dir = filepath.Join(below, fmt.Sprint("t", os.Getpid())) // short: a socket's path has 107 bytes
	if os.Mkdir(dir, 0o700) != nil {
		return "", nil
	}
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		return "", err
	}
	if exec.Command(program).Run() != nil { // as in some containers
		return "", os.RemoveAll(dir)
	}
	return dir, os.Chmod(dir, 0o777|os.ModeSticky) // as /tmp: some tests run programs as another user
}
