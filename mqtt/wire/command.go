package wire

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	pb "thermostat/proto"
)

// ErrOther tells that a message is sound and about something else than is wanted.
var ErrOther = errors.New("about something else")

// DecodeCommand reads a command, or the mirror of one, for a sensor's
// heater. An absent command means On, as the published example has it, but only
// in a message that names this sensor; an unknown one is refused.
func DecodeCommand(sensorID int32, payload []byte) (on bool, err error) {
	c := &pb.HeaterControl{}
	switch err := proto.Unmarshal(payload, c); {
	case err != nil:
		return false, errors.New("not a protobuf HeaterControl")
	case c.SensorID == nil || *c.SensorID != sensorID:
		return false, ErrOther
	}
	switch c.GetCommand() {
	case pb.HeaterCommand_On:
		return true, nil
	case pb.HeaterCommand_Off:
		return false, nil
	}
	return false, fmt.Errorf("command %d is unknown: 0 on, 1 off", c.GetCommand())
}
