package peers;

import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.ByteBuffer;
import thermostat.v1.Thermostat.HeaterCommand;
import thermostat.v1.Thermostat.HeaterControl;
import thermostat.v1.Thermostat.SensorData;
import thermostat.v1.Thermostat.TemperatureControl;

/** What the operator of the published pattern remembers of a sensor, and its rule. */
public final class Zone {
    private static final int NONE = -1;

    private double desired = Double.NaN; // °C; NaN: no setpoint yet
    private double upDelta; // K
    private double downDelta; // K
    private int said = NONE; // the number of the last command

    /** The topics that an operator reads; a record of the first is a setpoint. */
    public static final String TEMPSET = "tempset", SENSOR = "sensor", HEATERCONTROL = "heatercontrol";

    /** Takes back what {@link #bytes()} gave; null is a zone of which nothing is known. */
    public static Zone of(byte[] kept) {
        Zone z = new Zone();
        if (kept != null) {
            ByteBuffer b = ByteBuffer.wrap(kept);
            z.desired = b.getDouble();
            z.upDelta = b.getDouble();
            z.downDelta = b.getDouble();
            z.said = b.getInt();
        }
        return z;
    }

    public byte[] bytes() {
        return ByteBuffer.allocate(28).putDouble(desired).putDouble(upDelta).putDouble(downDelta).putInt(said).array();
    }

    /**
     * Takes a record of one of the two topics. It gives the HeaterControl to be sent, or null.
     *
     * @throws IllegalArgumentException if the record cannot be read
     */
    public byte[] take(String topic, byte[] value) {
        try {
            if (topic.equals(TEMPSET)) {
                set(TemperatureControl.parseFrom(value));
                return null;
            }
            return hear(SensorData.parseFrom(value));
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private void set(TemperatureControl c) {
        desired = c.getDesired();
        upDelta = c.getUpDelta();
        downDelta = c.getDownDelta();
    }

    /** The rule: strict comparisons, and a command only on change. Without a setpoint no comparison is true. */
    private byte[] hear(SensorData s) {
        HeaterCommand now;
        if (s.getTemperature() > desired + upDelta) {
            now = HeaterCommand.Off;
        } else if (s.getTemperature() < desired - downDelta) {
            now = HeaterCommand.On;
        } else {
            return null;
        }
        if (now.getNumber() == said) {
            return null;
        }
        said = now.getNumber();
        return HeaterControl.newBuilder().setSensorID(s.getSensorID()).setCommand(now).build().toByteArray();
    }
}
