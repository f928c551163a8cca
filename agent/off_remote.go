package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/mqtt/device"
)

// offRemoteTime is how long off waits for a broker: the lines of this board come
// first, and what hears nothing more lets go after its lease.
const offRemoteTime = 2 * time.Second

// remoteOff tells the relays on the broker to go off.
func remoteOff(ctx context.Context, out io.Writer, cfg config.Config) error {
	relays := cfg.RemoteRelays()
	if len(relays) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, offRemoteTime)
	defer cancel()
	if err := device.SayOff(ctx, cfg.MQTT.Access, relays); err != nil {
		return cli.Failed(fmt.Errorf("the %d mqtt relays could not be told to go off; what has a lease lets go by itself: %w", len(relays), err))
	}
	for _, r := range relays {
		fmt.Fprintf(out, "mqtt %s was told to go off\n", r.Topic)
	}
	return nil
}

// leaveRemoteOff tells the relays of a start that failed to go off: the agent may
// have been killed while one was on, and does not come back.
func leaveRemoteOff(ctx context.Context, file string, log *slog.Logger) {
	cfg, _, _ := config.Load(file) // what is wrong with it is the start's own error
	if err := remoteOff(ctx, io.Discard, cfg); err != nil {
		log.Warn("after the failed start", "error", err)
	}
}
