package wire

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	pb "thermostat/proto"
)

// TestAnEmptyHeaterControlHeatsNothing: On is 0 on the wire, so an empty message must not heat.
func TestAnEmptyHeaterControlHeatsNothing(t *testing.T) {
	command := func(c pb.HeaterCommand) *pb.HeaterCommand { return &c }
	for _, row := range []struct {
		name    string
		message *pb.HeaterControl
		on      bool
		err     string
	}{
		{"on", &pb.HeaterControl{SensorID: proto.Int32(7), Command: command(pb.HeaterCommand_On)}, true, ""},
		{"off", &pb.HeaterControl{SensorID: proto.Int32(7), Command: command(pb.HeaterCommand_Off)}, false, ""},
		{"the example's On", &pb.HeaterControl{SensorID: proto.Int32(7)}, true, ""},
		{"nothing", &pb.HeaterControl{}, false, "something else"},
		{"on for nobody", &pb.HeaterControl{Command: command(pb.HeaterCommand_On)}, false, "something else"},
		{"on for another", &pb.HeaterControl{SensorID: proto.Int32(8), Command: command(pb.HeaterCommand_On)}, false, "something else"},
		{"unknown", &pb.HeaterControl{SensorID: proto.Int32(7), Command: command(2)}, false, "command 2 is unknown"},
	} {
		on, err := DecodeCommand(7, Marshal(row.message))
		if on != row.on || (err == nil) != (row.err == "") || err != nil && !strings.Contains(err.Error(), row.err) {
			t.Errorf("%s: %v %v", row.name, on, err)
		}
	}
	if on, err := DecodeCommand(7, []byte("ON")); on || err == nil {
		t.Error("text is no HeaterControl")
	}
}
