// Command worker decides for zones on Apache Kafka, beside as many others as are wanted:
//
//	go run ./worker --brokers 10.0.0.1:9092,10.0.0.2:9092 --create 12   # the topics, once
//	go run ./worker --brokers 10.0.0.1:9092,10.0.0.2:9092 --http 10.0.0.5:8090
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

	"thermostat/agent/cli"
	"thermostat/fleet/engine"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

func run() error {
	brokers := flag.String("brokers", "127.0.0.1:9092", "the brokers' `ADDRESSES`, with commas between them")
	group := flag.String("group", "", "the workers' group (default thermostat-engine)")
	address := flag.String("http", "127.0.0.1:8090", "the `ADDRESS` where this worker answers, as the others reach it; it is its name, too")
	every := flag.Duration("every", 250*time.Millisecond, "the time between two decisions without a record")
	create := flag.Int("create", 0, "make the topics with so many `PARTITIONS`, and end")
	copies := flag.Int("copies", 3, "of each topic that is made")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	nodes := strings.Split(*brokers, ",")
	if *create > 0 {
		return engine.CreateTopics(ctx, nodes, int32(*create), int16(*copies))
	}
	if err := engine.CheckTopics(ctx, nodes); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	w, err := engine.New(engine.Options{Brokers: nodes, Group: *group, Name: *address, Version: cli.ThisBuild().Version, Every: *every, Log: log})
	if err != nil {
		return err
	}
	server := &http.Server{Handler: w.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("http", "error", err)
		}
	}()
	context.AfterFunc(ctx, func() { // what is begun is ended first, if Kafka answers
		time.Sleep(2 * engine.Session)
		log.Error("Kafka does not answer: the worker ends all the same")
		os.Exit(1)
	})
	defer server.Close()
	defer w.Close()
	return w.Run(ctx)
}
