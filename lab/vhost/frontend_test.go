package vhost

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Where the front end of the tests has its memory and what is in it.
const (
	guestBase = 0x4000_0000 // physical address in the guest
	userBase  = 0x7f00_0000_0000
	memSize   = 0x10000

	ringSize  = 4
	descAt    = 0x0000
	availAt   = 0x1000
	usedAt    = 0x2000
	indirect  = 0x3000
	buffersAt = 0x4000
)

// frontend is a front end and a driver in this process.
type frontend struct {
	t          *testing.T
	conn       *net.UnixConn
	memory     []byte
	file       int // memfd
	kick, call int // eventfds
	seen       uint16
	served     chan error // what Serve returned
	listener   net.Listener
}

// connect starts a device and connects to it.
func connect(t *testing.T, d *Device) *frontend {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	served, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		served <- d.Serve(l)
	}()
	// The front ends' cleanups run before this one, so that the device ends and
	// the next test finds nothing of it.
	t.Cleanup(func() {
		l.Close()
		<-ended
	})
	return dial(t, l, served)
}

// connectAgain is another front end of the same device.
func connectAgain(t *testing.T, f *frontend) *frontend {
	t.Helper()
	return dial(t, f.listener, f.served)
}

// dial connects a front end with a memory of its own.
func dial(t *testing.T, l net.Listener, served chan error) *frontend {
	t.Helper()
	conn, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	f := &frontend{t: t, listener: l, served: served, conn: conn.(*net.UnixConn), file: newFile(t, memSize)}
	f.memory, err = unix.Mmap(f.file, 0, memSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	f.kick, f.call = newEvent(t), newEvent(t)
	t.Cleanup(func() {
		conn.Close()
		unix.Munmap(f.memory)
	})
	return f
}

func newFile(t *testing.T, size int64) int {
	t.Helper()
	fd, err := unix.MemfdCreate("guest", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Ftruncate(fd, size); err != nil {
		t.Fatal(err)
	}
	return fd
}

func newEvent(t *testing.T) int {
	t.Helper()
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// send sends a request with descriptors.
func (f *frontend) send(request, flags uint32, payload []byte, files ...int) {
	f.t.Helper()
	b := binary.LittleEndian.AppendUint32(nil, request)
	b = binary.LittleEndian.AppendUint32(b, flagVersion|flags)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	var control []byte
	if len(files) > 0 {
		control = unix.UnixRights(files...)
	}
	if _, _, err := f.conn.WriteMsgUnix(append(b, payload...), control, nil); err != nil {
		f.t.Fatal(err)
	}
}

// receive reads the reply to a request.
func (f *frontend) receive(request uint32) []byte {
	f.t.Helper()
	f.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(f.conn, header); err != nil {
		f.t.Fatalf("no reply to request %d: %v", request, err)
	}
	if got := binary.LittleEndian.Uint32(header); got != request {
		f.t.Fatalf("reply to %d, want %d", got, request)
	}
	if got := binary.LittleEndian.Uint32(header[4:]); got != flagVersion|flagReply {
		f.t.Fatalf("a reply with flags %#x", got)
	}
	payload := make([]byte, binary.LittleEndian.Uint32(header[8:]))
	if _, err := io.ReadFull(f.conn, payload); err != nil {
		f.t.Fatal(err)
	}
	return payload
}

// acked sends a request and waits until it is done.
func (f *frontend) acked(request uint32, payload []byte, files ...int) {
	f.t.Helper()
	f.send(request, flagNeedReply, payload, files...)
	if got := f.receive(request); len(got) != 8 || binary.LittleEndian.Uint64(got) != 0 {
		f.t.Fatalf("request %d: acknowledged with %x", request, got)
	}
}

// get64 asks for a number.
func (f *frontend) get64(request uint32) uint64 {
	f.t.Helper()
	f.send(request, 0, nil)
	return binary.LittleEndian.Uint64(f.receive(request))
}

func pair(a, b uint32) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, a), b)
}

func numbers(v ...uint64) []byte {
	var b []byte
	for _, n := range v {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	return b
}

// negotiate agrees on features; with protocol features every request from then
// on is acknowledged.
func (f *frontend) negotiate() {
	f.t.Helper()
	f.send(reqSetOwner, 0, nil)
	features := f.get64(reqGetFeatures)
	f.send(reqSetProtocolFeatures, 0, u64(f.get64(reqGetProtocolFeatures)))
	f.acked(reqSetFeatures, u64(features))
}

// memTable is the payload of a memory table with one region.
func memTable(guest, size, user, offset uint64) []byte {
	return append(pair(1, 0), numbers(guest, size, user, offset)...)
}

// setUpRing gives the memory and ring 0, which is started but not enabled.
func (f *frontend) setUpRing(base uint32) {
	f.t.Helper()
	f.send(reqSetMemTable, 0, memTable(guestBase, memSize, userBase, 0), f.file)
	f.send(reqSetVringNum, 0, pair(0, ringSize))
	f.send(reqSetVringAddr, 0, append(pair(0, 0), numbers(userBase+descAt, userBase+usedAt, userBase+availAt, 0)...))
	f.send(reqSetVringBase, 0, pair(0, base))
	f.send(reqSetVringCall, 0, u64(0), f.call)
	f.send(reqSetVringKick, 0, u64(0), f.kick)
}

// start does all that makes ring 0 work.
func (f *frontend) start() {
	f.t.Helper()
	f.negotiate()
	f.setUpRing(0)
	f.acked(reqSetVringEnable, pair(0, 1))
}

// describe writes a descriptor of the table at an offset of the memory.
func (f *frontend) describe(table, index int, address uint64, size uint32, flags, next uint16) {
	b := f.memory[table+index*descSize:]
	binary.LittleEndian.PutUint64(b, address)
	binary.LittleEndian.PutUint32(b[8:], size)
	binary.LittleEndian.PutUint16(b[12:], flags)
	binary.LittleEndian.PutUint16(b[14:], next)
}

// offer makes chains available.
func (f *frontend) offer(heads ...uint16) {
	index := binary.LittleEndian.Uint16(f.memory[availAt+2:])
	for _, head := range heads {
		binary.LittleEndian.PutUint16(f.memory[availAt+4+2*int(index%ringSize):], head)
		index++
	}
	binary.LittleEndian.PutUint16(f.memory[availAt+2:], index)
}

// notify raises the kick.
func (f *frontend) notify() {
	f.t.Helper()
	if _, err := unix.Write(f.kick, binary.NativeEndian.AppendUint64(nil, 1)); err != nil {
		f.t.Fatal(err)
	}
}

// used is an entry of the used ring.
type used struct {
	head, written uint32
}

// waitUsed waits for the interrupt and returns what was used since.
func (f *frontend) waitUsed() []used {
	f.t.Helper()
	if !waitReadable(f.t, f.call, 10*time.Second) {
		f.t.Fatal("no interrupt")
	}
	unix.Read(f.call, make([]byte, 8))
	return f.newlyUsed()
}

// newlyUsed is what was used since it was called last.
func (f *frontend) newlyUsed() []used {
	var all []used
	for end := binary.LittleEndian.Uint16(f.memory[usedAt+2:]); f.seen != end; f.seen++ {
		b := f.memory[usedAt+4+8*int(f.seen%ringSize):]
		all = append(all, used{binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])})
	}
	return all
}

func waitReadable(t *testing.T, fd int, limit time.Duration) bool {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(time.Until(deadline).Milliseconds())+1)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return n > 0
	}
}

// leave closes the socket and the listener and returns what Serve returned.
func (f *frontend) leave() error {
	f.t.Helper()
	f.conn.Close()
	f.listener.Close()
	return f.waitServed()
}

// waitServed waits for the end of Serve.
func (f *frontend) waitServed() error {
	f.t.Helper()
	select {
	case err := <-f.served:
		return err
	case <-time.After(10 * time.Second):
		f.t.Fatal("Serve does not end")
		return nil
	}
}

// openFiles is the number of this process's descriptors.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
