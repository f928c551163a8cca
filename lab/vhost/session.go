package vhost

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"

	"golang.org/x/sys/unix"
)

// Feature bits that belong to the queues and the protocol.
const (
	featureIndirect         = 1 << 28 // VIRTIO_RING_F_INDIRECT_DESC (clause 6)
	featureProtocolFeatures = 1 << 30 // VHOST_USER_F_PROTOCOL_FEATURES
	featureVersion1         = 1 << 32 // VIRTIO_F_VERSION_1 (clause 6)
)

// Protocol feature bits (vhost-user.rst, "Protocol features").
const (
	protocolMultiQueue = 1 << 0
	protocolReplyAck   = 1 << 3
	protocolConfig     = 1 << 9
)

// session is the conversation with one front end. Its requests are handled one
// by one; mu guards what they share with the rings' workers.
type session struct {
	device   *Device
	conn     *net.UnixConn
	ctx      context.Context
	end      context.CancelCauseFunc
	protocol uint64 // the protocol features agreed on

	mu       sync.Mutex
	features uint64 // the features agreed on
	memory   *memory
	rings    []*ring
}

func newSession(d *Device, conn *net.UnixConn) *session {
	s := &session{device: d, conn: conn, memory: &memory{}}
	s.ctx, s.end = context.WithCancelCause(context.Background())
	for i := range d.Queues {
		s.rings = append(s.rings, &ring{index: i, call: -1})
	}
	return s
}

// errLeft ends the session of a front end that has left.
var errLeft = errors.New("the front end has left")

// run speaks with the front end until it leaves or breaks the protocol.
func (s *session) run() error {
	// A worker's failure ends the wait for the next request too.
	defer context.AfterFunc(s.ctx, func() { s.conn.Close() })()
	defer s.close()
	for {
		if err := s.step(); err != nil {
			s.fail(err)
			break
		}
	}
	// A worker that failed closed the socket, which is not the cause then.
	if err := context.Cause(s.ctx); err != errLeft {
		return err
	}
	return nil
}

// fail ends the session with an error; the first one counts.
func (s *session) fail(err error) {
	if errors.As(err, &goneError{}) {
		err = errLeft
	}
	s.end(err)
}

// close ends the workers and gives everything back.
func (s *session) close() {
	for _, r := range s.rings {
		s.stop(r)
		if r.call >= 0 {
			unix.Close(r.call)
		}
	}
	s.memory.unmap()
}

// step handles one request of the front end.
func (s *session) step() error {
	m, err := readMessage(s.conn)
	if err != nil {
		return err
	}
	defer m.close()
	reply, err := s.handle(m)
	if err != nil {
		return err
	}
	if reply == nil && m.flags&flagNeedReply != 0 && s.protocol&protocolReplyAck != 0 {
		reply = make([]byte, 8) // zero: done
	}
	if reply == nil {
		return nil
	}
	return writeReply(s.conn, m.request, reply)
}

// handle does what a request asks; the reply is nil for a request without one.
func (s *session) handle(m *message) (reply []byte, err error) {
	switch m.request {
	case reqSetOwner, reqResetOwner:
		// One session has one owner.
		return nil, nil
	case reqGetFeatures:
		return u64(s.offeredFeatures()), nil
	case reqSetFeatures:
		return nil, s.setFeatures(m)
	case reqGetProtocolFeatures:
		return u64(s.offeredProtocol()), nil
	case reqSetProtocolFeatures:
		return nil, s.setProtocolFeatures(m)
	case reqGetQueueNum:
		return u64(uint64(s.device.Queues)), nil
	case reqGetConfig:
		return s.getConfig(m)
	case reqSetConfig:
		// The configuration spaces of our devices are read only, which a driver
		// may find out by trying.
		return nil, nil
	case reqSetMemTable:
		return nil, s.setMemTable(m)
	}
	return s.handleRing(m)
}

// handleRing does what a request about one ring asks.
func (s *session) handleRing(m *message) (reply []byte, err error) {
	switch m.request {
	case reqSetVringNum:
		return nil, s.setVringNum(m)
	case reqSetVringAddr:
		return nil, s.setVringAddr(m)
	case reqSetVringBase:
		return nil, s.setVringBase(m)
	case reqGetVringBase:
		return s.getVringBase(m)
	case reqSetVringKick:
		return nil, s.setVringKick(m)
	case reqSetVringCall:
		return nil, s.setVringCall(m)
	case reqSetVringErr:
		// A ring's error ends the session, which the front end cannot miss.
		return nil, nil
	case reqSetVringEnable:
		return nil, s.setVringEnable(m)
	}
	return nil, fmt.Errorf("vhost: request %d is not known", m.request)
}

func u64(v uint64) []byte {
	return binary.LittleEndian.AppendUint64(nil, v)
}

func (s *session) offeredFeatures() uint64 {
	return s.device.Features | featureIndirect | featureProtocolFeatures | featureVersion1
}

func (s *session) setFeatures(m *message) error {
	features, err := m.u64()
	if err != nil {
		return err
	}
	if unknown := features &^ s.offeredFeatures(); unknown != 0 {
		return fmt.Errorf("vhost: the front end uses feature bits %#x that were not offered (QEMU's device needs event_idx=off)", unknown)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.features = features
	return nil
}

func (s *session) offeredProtocol() uint64 {
	protocol := uint64(protocolMultiQueue | protocolReplyAck)
	if s.device.Config != nil {
		protocol |= protocolConfig
	}
	return protocol
}

func (s *session) setProtocolFeatures(m *message) error {
	protocol, err := m.u64()
	if err != nil {
		return err
	}
	if unknown := protocol &^ s.offeredProtocol(); unknown != 0 {
		return fmt.Errorf("vhost: the front end uses protocol features %#x that were not offered", unknown)
	}
	s.protocol = protocol
	return nil
}

// getConfig reads from the configuration space. An empty answer tells the
// front end that its request was wrong.
func (s *session) getConfig(m *message) ([]byte, error) {
	const header = 12 // offset, size, flags
	if len(m.payload) < header {
		return nil, m.sizeError()
	}
	offset := uint64(binary.LittleEndian.Uint32(m.payload))
	size := uint64(binary.LittleEndian.Uint32(m.payload[4:]))
	if offset+size > uint64(len(s.device.Config)) || size > uint64(len(m.payload)-header) {
		return []byte{}, nil
	}
	copy(m.payload[header:], s.device.Config[offset:offset+size])
	return m.payload, nil
}

func (s *session) setMemTable(m *message) error {
	fresh, err := mapMemory(m)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.memory.unmap()
	s.memory = fresh
	return nil
}

// ring finds the ring of an index.
func (s *session) ring(index uint32) (*ring, error) {
	if uint64(index) >= uint64(len(s.rings)) {
		return nil, fmt.Errorf("vhost: ring %d of %d", index, len(s.rings))
	}
	return s.rings[index], nil
}

// ringState finds the ring and the number of a request.
func (s *session) ringState(m *message) (*ring, uint32, error) {
	index, num, err := m.vringState()
	if err != nil {
		return nil, 0, err
	}
	r, err := s.ring(index)
	return r, num, err
}

func (s *session) setVringNum(m *message) error {
	r, num, err := s.ringState(m)
	if err != nil {
		return err
	}
	if num == 0 || num > maxTable || num&(num-1) != 0 {
		return fmt.Errorf("vhost: ring %d of %d entries", r.index, num)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.size = num
	return nil
}

// setVringAddr takes the places of the ring's three parts, which the front end
// gives as addresses of its own.
func (s *session) setVringAddr(m *message) error {
	if len(m.payload) < 32 {
		return m.sizeError()
	}
	r, err := s.ring(binary.LittleEndian.Uint32(m.payload))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// The alignments are those of clause 2.7.
	if r.table, err = s.ringPart(m.payload[8:], 16); err != nil {
		return err
	}
	if r.used, err = s.ringPart(m.payload[16:], 4); err != nil {
		return err
	}
	r.avail, err = s.ringPart(m.payload[24:], 2)
	return err
}

// ringPart translates the address of a part of a ring.
func (s *session) ringPart(b []byte, align uint64) (uint64, error) {
	user := binary.LittleEndian.Uint64(b)
	if user%align != 0 {
		return 0, fmt.Errorf("vhost: part of a ring at %#x, not a multiple of %d", user, align)
	}
	return s.memory.guestAddress(user)
}

func (s *session) setVringBase(m *message) error {
	r, num, err := s.ringState(m)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.next = uint16(num)
	return nil
}

// getVringBase stops a ring and says where it stopped.
func (s *session) getVringBase(m *message) ([]byte, error) {
	r, _, err := s.ringState(m)
	if err != nil {
		return nil, err
	}
	s.stop(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	reply := binary.LittleEndian.AppendUint32(nil, uint32(r.index))
	return binary.LittleEndian.AppendUint32(reply, uint32(r.next)), nil
}

// ringFile finds the ring and takes the descriptor of a request; -1 if it has
// none.
func (s *session) ringFile(m *message) (*ring, int, error) {
	const (
		indexMask = 0xff
		noFile    = 0x100
	)
	v, err := m.u64()
	if err != nil {
		return nil, -1, err
	}
	r, err := s.ring(uint32(v & indexMask))
	if err != nil || v&noFile != 0 {
		return r, -1, err
	}
	return r, m.takeFile(), nil
}

// setVringKick starts a ring.
func (s *session) setVringKick(m *message) error {
	r, kick, err := s.ringFile(m)
	if err != nil {
		return err
	}
	if kick < 0 {
		return fmt.Errorf("vhost: ring %d comes without a kick to wait for", r.index)
	}
	s.stop(r)
	return s.start(r, kick)
}

// setVringCall takes the descriptor that interrupts the guest.
func (s *session) setVringCall(m *message) error {
	r, call, err := s.ringFile(m)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.call >= 0 {
		unix.Close(r.call)
	}
	r.call = call
	return nil
}

// setVringEnable enables or disables a ring. What came while it was disabled
// is looked at now.
func (s *session) setVringEnable(m *message) error {
	r, num, err := s.ringState(m)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.enabled = num != 0
	if !r.enabled {
		return nil
	}
	return r.wake()
}

// ringEnabled says whether a ring's requests may be answered: a front end
// without the protocol features has no request to enable one, so that its
// rings are enabled from the start (vhost-user.rst, "Ring states").
func (s *session) ringEnabled(r *ring) bool {
	return r.enabled || s.features&featureProtocolFeatures == 0
}
