// Package bridge carries what the devices of a site say on their MQTT broker to the log of
// the engine, and what the engine tells heaters to that broker. Each side keeps what the other
// one has not taken: the broker gets its acknowledgement when the log has the record, and the
// place in the log moves on when the broker has the command. So either may be away, all arrives
// at least once, and the bridge itself keeps nothing on disk.
package bridge
