package model

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Plug puts boards behind a pseudo-terminal, which is to a program as a serial adapter is:
// path is the port. It stays there until unplug, whoever opens and leaves it.
func Plug(boards ...*Board) (path string, unplug func(), err error) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return "", nil, err
	}
	fd := int(master.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		_ = master.Close()
		return "", nil, err
	}
	path = fmt.Sprintf("/dev/pts/%d", n)
	gone := make(chan struct{})
	go func() {
		for {
			Share(master, boards...) // ends when nobody has the port open
			select {
			case <-gone:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return path, func() { close(gone); _ = master.Close() }, nil
}
