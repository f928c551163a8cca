package vhost

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"golang.org/x/sys/unix"
)

// The requests of a front end (vhost-user.rst, "Front-end message types").
const (
	reqGetFeatures         = 1
	reqSetFeatures         = 2
	reqSetOwner            = 3
	reqResetOwner          = 4
	reqSetMemTable         = 5
	reqSetVringNum         = 8
	reqSetVringAddr        = 9
	reqSetVringBase        = 10
	reqGetVringBase        = 11
	reqSetVringKick        = 12
	reqSetVringCall        = 13
	reqSetVringErr         = 14
	reqGetProtocolFeatures = 15
	reqSetProtocolFeatures = 16
	reqGetQueueNum         = 17
	reqSetVringEnable      = 18
	reqGetConfig           = 24
	reqSetConfig           = 25
)

// The fields of a message's flags.
const (
	flagVersionMask = 0x3
	flagVersion     = 0x1
	flagReply       = 0x4
	flagNeedReply   = 0x8
)

const (
	headerSize = 12
	// maxPayload is well above the largest message known, a memory table of
	// eight regions or a whole configuration space.
	maxPayload = 4096
	// maxFiles is the number of descriptors a message may carry: one for each of
	// eight memory regions.
	maxFiles = 8
)

// message is a request of the front end. Descriptors nobody took are closed
// with it.
type message struct {
	request uint32
	flags   uint32
	payload []byte
	files   []int
}

// readMessage reads one request. An error of the socket itself is a
// [goneError].
func readMessage(conn *net.UnixConn) (*message, error) {
	header := make([]byte, headerSize)
	files, err := readWithFiles(conn, header)
	m := &message{
		request: binary.LittleEndian.Uint32(header),
		flags:   binary.LittleEndian.Uint32(header[4:]),
		files:   files,
	}
	if err == nil {
		err = m.readPayload(conn, binary.LittleEndian.Uint32(header[8:]))
	}
	if err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

// readPayload reads the size bytes behind the header.
func (m *message) readPayload(conn *net.UnixConn, size uint32) error {
	if m.flags&flagVersionMask != flagVersion {
		return fmt.Errorf("vhost: request %d has flags %#x, not of protocol version 1", m.request, m.flags)
	}
	if size > maxPayload {
		return fmt.Errorf("vhost: request %d has %d bytes", m.request, size)
	}
	m.payload = make([]byte, size)
	if _, err := io.ReadFull(conn, m.payload); err != nil {
		return goneError{err}
	}
	return nil
}

// goneError is the end of the socket: the front end has left.
type goneError struct{ error }

// readWithFiles fills p and returns the descriptors that came with it.
func readWithFiles(conn *net.UnixConn, p []byte) ([]int, error) {
	var files []int
	control := make([]byte, unix.CmsgSpace(maxFiles*4))
	for len(p) > 0 {
		n, nc, flags, _, err := conn.ReadMsgUnix(p, control)
		if err != nil {
			return files, goneError{err}
		}
		more, err := parseFiles(control[:nc])
		files = append(files, more...)
		if err != nil {
			return files, err
		}
		if flags&unix.MSG_CTRUNC != 0 {
			return files, errors.New("vhost: a message with more descriptors than a message may have")
		}
		if n == 0 {
			return files, goneError{io.EOF}
		}
		p = p[n:]
	}
	return files, nil
}

// parseFiles takes the descriptors out of a control message.
func parseFiles(control []byte) ([]int, error) {
	if len(control) == 0 {
		return nil, nil
	}
	parts, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return nil, fmt.Errorf("vhost: control message: %w", err)
	}
	var files []int
	for _, part := range parts {
		fds, err := unix.ParseUnixRights(&part)
		if err != nil {
			return files, fmt.Errorf("vhost: control message: %w", err)
		}
		files = append(files, fds...)
	}
	return files, nil
}

// takeFile takes the message's first descriptor; -1 if it has none.
func (m *message) takeFile() int {
	if len(m.files) == 0 {
		return -1
	}
	fd := m.files[0]
	m.files = m.files[1:]
	return fd
}

// close closes the descriptors that nobody took.
func (m *message) close() {
	for _, fd := range m.files {
		unix.Close(fd)
	}
	m.files = nil
}

// u64 is the payload of a request with one number.
func (m *message) u64() (uint64, error) {
	if len(m.payload) != 8 {
		return 0, m.sizeError()
	}
	return binary.LittleEndian.Uint64(m.payload), nil
}

// vringState is the payload of a request with a ring's index and a number.
func (m *message) vringState() (index, num uint32, err error) {
	if len(m.payload) != 8 {
		return 0, 0, m.sizeError()
	}
	return binary.LittleEndian.Uint32(m.payload), binary.LittleEndian.Uint32(m.payload[4:]), nil
}

func (m *message) sizeError() error {
	return fmt.Errorf("vhost: request %d has a payload of %d bytes", m.request, len(m.payload))
}

// writeReply answers a request.
func writeReply(conn *net.UnixConn, request uint32, payload []byte) error {
	reply := make([]byte, headerSize, headerSize+len(payload))
	binary.LittleEndian.PutUint32(reply, request)
	binary.LittleEndian.PutUint32(reply[4:], flagVersion|flagReply)
	binary.LittleEndian.PutUint32(reply[8:], uint32(len(payload)))
	if _, err := conn.Write(append(reply, payload...)); err != nil {
		return goneError{err}
	}
	return nil
}
