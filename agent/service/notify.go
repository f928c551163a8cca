package service

import (
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// notifier speaks to the service manager, sd_notify(3): datagrams of lines
// NAME=value to the socket that NOTIFY_SOCKET names. Go knows a name that
// begins with @ as one of the abstract namespace, as systemd writes it.
type Notifier struct{ conn *net.UnixConn }

// NewNotifier gives nil where nobody listens.
func NewNotifier(getenv func(string) string) (*Notifier, error) {
	name := getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil, nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return nil, err
	}
	return &Notifier{conn}, nil
}

// notifyPatience is how long a manager that does not read may hold us up.
const notifyPatience = time.Second

// Send tells the manager some lines of sd_notify(3).
func (n *Notifier) Send(lines ...string) error {
	_ = n.conn.SetWriteDeadline(time.Now().Add(notifyPatience)) // fails only on a closed one, and then so does Write
	_, err := n.conn.Write([]byte(strings.Join(lines, "\n")))
	return err
}

// WatchdogTime is within what time the manager wants to hear of us, from
// WATCHDOG_USEC; 0: it does not watch, or watches another process.
func WatchdogTime(getenv func(string) string) time.Duration {
	if pid := getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	usec, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || usec <= 0 || usec > int64(24*time.Hour/time.Microsecond) {
		return 0
	}
	return time.Duration(usec) * time.Microsecond
}
