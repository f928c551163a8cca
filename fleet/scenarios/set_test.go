package scenarios

import (
	"io"
	"net"
	"sync"
	"testing"

	"thermostat/fleet/cluster"
	"thermostat/fleet/rig"
)

// Types of MQTT packets (MQTT 3.1.1, 2.2.1), as the upper half of their first byte.
const (
	publishPacket = 3
	pubackPacket  = 4
)

// TestSetWithoutAcknowledgementExitsWith4: `thermostat set` that gets none says so by exit
// code 4, whether the cluster has the control or not, and may be repeated.
func TestSetWithoutAcknowledgementExitsWith4(t *testing.T) {
	c := startCluster(t, (*cluster.Cluster).Config)
	heal(t, c, nil)
	f := &fleet{c: c, want: map[string]float64{}}
	d := rig.StartDevice(t, "dev0", rig.Brokers(c.MQTTs(0)))
	f.devices = append(f.devices, d)
	d.Says("broker connected")

	// Two of three nodes die while the control is on its way: nobody can acknowledge it.
	var once sync.Once
	without := startWire(t, c.Nodes[2].MQTT, func(kind byte, fromBroker bool) bool {
		if kind == publishPacket && !fromBroker {
			once.Do(func() { c.Nodes[0].Kill(); c.Nodes[1].Kill() })
		}
		return true
	})
	f.setOnce(t, without, "19.25", 4)
	heal(t, c, nil)
	f.repeat(t, 19.25)

	// The cluster takes it, and only the acknowledgement is lost.
	without = startWire(t, c.Nodes[2].MQTT, func(kind byte, _ bool) bool { return kind != pubackPacket })
	seen := len(d.Log())
	f.setOnce(t, without, "20.25", 4)
	d.SaysAfter(seen, "desired=20.25 ")
	f.repeat(t, 20.25)
	d.CheckPauses(t)
}

// setOnce runs `thermostat set` through a wire and wants an exit code.
func (f *fleet) setOnce(t *testing.T, addr, celsius string, want int) {
	t.Helper()
	p := rig.Start(t, rig.Thermostat(t), "set", "room", celsius, "--device", "dev0", "--broker", "mqtt://"+addr, "--timeout", "3s")
	if code := p.Code(); code != want {
		t.Errorf("set ends with %d, want %d: %s", code, want, p.Output())
	}
}

// repeat says the same again without the wire: it counts, once and everywhere.
func (f *fleet) repeat(t *testing.T, celsius float64) {
	t.Helper()
	f.want["dev0"] = celsius
	f.set(t, f.c.Nodes[2], "dev0", celsius)
	f.checkRetained(t)
	f.checkStates(t)
}

// startWire gives an address that leads to a broker. pass is asked whether a
// packet may go on.
func startWire(t *testing.T, broker string, pass func(kind byte, fromBroker bool) bool) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", broker)
			if err != nil {
				client.Close()
				continue
			}
			go carry(server, client, func(kind byte) bool { return pass(kind, false) })
			go carry(client, server, func(kind byte) bool { return pass(kind, true) })
		}
	}()
	return l.Addr().String()
}

// carry takes packets from one end to the other until one of them closes.
func carry(to, from net.Conn, pass func(kind byte) bool) {
	defer to.Close()
	defer from.Close()
	for {
		packet, err := readPacket(from)
		if err != nil {
			return
		}
		if !pass(packet[0] >> 4) {
			continue
		}
		if _, err := to.Write(packet); err != nil {
			return
		}
	}
}

// readPacket reads one packet: a first byte, a length of seven bits a byte, the rest.
func readPacket(from io.Reader) ([]byte, error) {
	packet := make([]byte, 1)
	if _, err := io.ReadFull(from, packet); err != nil {
		return nil, err
	}
	length := 0
	for shift := 0; ; shift += 7 {
		b := make([]byte, 1)
		if _, err := io.ReadFull(from, b); err != nil {
			return nil, err
		}
		packet = append(packet, b[0])
		length |= int(b[0]&0x7f) << shift
		if b[0] < 0x80 {
			break
		}
	}
	body := make([]byte, length)
	_, err := io.ReadFull(from, body)
	return append(packet, body...), err
}
