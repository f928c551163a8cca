package modbus

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

var speeds = map[int]uint32{
	1200: unix.B1200, 2400: unix.B2400, 4800: unix.B4800, 9600: unix.B9600,
	19200: unix.B19200, 38400: unix.B38400, 57600: unix.B57600, 115200: unix.B115200,
}

// openSerial opens a serial port for this program alone. The lock ends with the
// program, also with a killed one, and no wire of the modem is waited for.
func openSerial(path string, baud int) (Port, error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if err := setUp(f, baud); err != nil {
		_ = f.Close()
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return f, nil
}

func setUp(f *os.File, baud int) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	failed := raw.Control(func(fd uintptr) {
		if err = unix.Flock(int(fd), unix.LOCK_EX|unix.LOCK_NB); err == unix.EWOULDBLOCK {
			err = syscall.EBUSY
		}
		if err == nil {
			err = makeRaw(int(fd), speeds[baud])
		}
	})
	if err == nil {
		err = failed
	}
	return err
}

// makeRaw asks for 8 bits, no parity and 1 stop bit, nothing changed on the way, and
// drops what is left of an earlier program: its commands, and answers to them.
func makeRaw(fd int, speed uint32) error {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return fmt.Errorf("is no serial port: %w", err)
	}
	*t = unix.Termios{Cflag: unix.CS8 | unix.CREAD | unix.CLOCAL | speed, Ispeed: speed, Ospeed: speed, Line: t.Line}
	t.Cc[unix.VMIN] = 1
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, t); err != nil {
		return err
	}
	return unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIOFLUSH)
}
