// Command thermostat-bridge carries the messages of a site between its MQTT broker and Apache Kafka:
//
//	go run ./bridge/thermostat-bridge --site north --sensors 1-1000 --mqtt mqtts://north.lan --prefix site --kafka 10.0.0.1:9092,10.0.0.2:9092
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"thermostat/fleet/bridge"
	"thermostat/mqtt/broker"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "thermostat-bridge:", err)
		os.Exit(1)
	}
}

func run() error {
	o, address, err := options()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	broker.QuietPaho(o.Log)
	b, err := bridge.New(o)
	if err != nil {
		return err
	}
	defer b.Close()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", b)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	defer server.Close()
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			o.Log.Error("http", "error", err)
		}
	}()
	return b.Run(ctx)
}

// options are what the flags say.
func options() (o bridge.Options, http string, err error) {
	o.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	flag.StringVar(&o.Site, "site", "", "the site's `NAME`: one bridge runs with it")
	sensors := flag.String("sensors", "", "the `SENSORIDS` of the site, such as 1-1000,2001")
	kafka := flag.String("kafka", "127.0.0.1:9092", "Kafka's `ADDRESSES`, with commas between them")
	mqtt := flag.String("mqtt", "mqtt://127.0.0.1:1883", "the broker's `URLS`, with commas between them: more than one only of a cluster")
	flag.StringVar(&o.MQTT.Prefix, "prefix", "site", "the first part of devices' topics, PREFIX/SENSORID/sensor")
	flag.StringVar(&o.Agents, "agents", "", "the first part of agents' topics, which are copied to the topic "+bridge.TopicAgents+" (default: none are)")
	flag.StringVar(&o.MQTT.Username, "username", "", "the `USER` at the broker")
	flag.StringVar(&o.MQTT.PasswordFile, "password-file", "", "the `FILE` with the password")
	flag.StringVar(&o.MQTT.CAFile, "ca-file", "", "the `FILE` with the certificate authority")
	flag.StringVar(&o.MQTT.CertFile, "cert-file", "", "the `FILE` with the client certificate")
	flag.StringVar(&o.MQTT.KeyFile, "key-file", "", "the `FILE` with the client key")
	flag.StringVar(&http, "http", "127.0.0.1:8091", "the `ADDRESS` of /metrics")
	flag.Parse()
	o.Kafka, o.MQTT.Brokers = strings.Split(*kafka, ","), strings.Split(*mqtt, ",")
	for _, url := range o.MQTT.Brokers {
		if err := broker.CheckURL(url); err != nil {
			return o, http, err
		}
	}
	o.Sensors, err = bridge.ParseSensors(*sensors)
	return o, http, err
}
