// Command lines reads the central log of a fleet, a JetStream stream, and
// prints what `thermostat replay` takes, in the order of the readings' times.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// window is by how much a log that still grows must have gone on before a line of
// it is given: an earlier one may come behind it. It counts by the log's own times,
// since one who catches up reads hours in a moment.
const window = 60 * time.Second

type options struct {
	server, stream                 string
	username, passwordFile, caFile string
	fromSeq                        uint64
	since                          string
	follow                         bool
}

func main() {
	var o options
	flag.StringVar(&o.server, "server", nats.DefaultURL, "the NATS servers' `URLS`, with commas between")
	flag.StringVar(&o.stream, "stream", "thermostat", "the log's `NAME`")
	flag.StringVar(&o.username, "username", "", "the `USER` at the server")
	flag.StringVar(&o.passwordFile, "password-file", "", "the `FILE` with the password")
	flag.StringVar(&o.caFile, "ca-file", "", "the `FILE` with the certificate authority")
	flag.Uint64Var(&o.fromSeq, "from-seq", 0, "begin with the message of this `NUMBER`")
	flag.StringVar(&o.since, "since", "", "begin with what came at this `TIME` (2026-01-31T12:00:00Z) or later")
	flag.BoolVar(&o.follow, "follow", true, "go on with what comes; a line then waits until the log is 60 s further")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := o.run(ctx, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "lines:", err)
		os.Exit(1)
	}
}

func (o options) run(ctx context.Context, out, complaints io.Writer) error {
	nc, err := o.connect()
	if err != nil {
		return fmt.Errorf("%s: %w", o.server, err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	consumer, pending, err := o.consumer(ctx, js)
	if err != nil {
		return fmt.Errorf("stream %s: %w", o.stream, err)
	}
	p := &printer{out: bufio.NewWriter(out), complaints: complaints}
	if pending > 0 || o.follow {
		err = o.read(ctx, consumer, p)
	}
	p.print(p.order.take(endOfTime))
	p.complain()
	if err == nil {
		err = p.out.Flush()
	}
	return err
}

func (o options) connect() (*nats.Conn, error) {
	options := []nats.Option{nats.MaxReconnects(-1)}
	if o.caFile != "" {
		options = append(options, nats.RootCAs(o.caFile))
	}
	if o.username != "" {
		password, err := os.ReadFile(o.passwordFile)
		if err != nil {
			return nil, err
		}
		options = append(options, nats.UserInfo(o.username, strings.TrimRight(string(password), "\r\n")))
	}
	return nats.Connect(o.server, options...)
}

// consumer begins where the flags say, and tells how many messages there are.
// It survives the death of its node.
func (o options) consumer(ctx context.Context, js jetstream.JetStream) (jetstream.Consumer, uint64, error) {
	config := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy}
	switch {
	case o.fromSeq > 0:
		config.DeliverPolicy, config.OptStartSeq = jetstream.DeliverByStartSequencePolicy, o.fromSeq
	case o.since != "":
		since, err := time.Parse(time.RFC3339Nano, o.since)
		if err != nil {
			return nil, 0, fmt.Errorf("since: %w", err)
		}
		config.DeliverPolicy, config.OptStartTime = jetstream.DeliverByStartTimePolicy, &since
	}
	consumer, err := js.OrderedConsumer(ctx, o.stream, config)
	if err != nil {
		return nil, 0, err
	}
	info, err := consumer.Info(ctx)
	if err != nil {
		return nil, 0, err
	}
	return consumer, info.NumPending, nil
}

// read takes messages until the context ends, or without follow until none is left.
func (o options) read(ctx context.Context, consumer jetstream.Consumer, p *printer) error {
	messages, err := consumer.Messages()
	if err != nil {
		return err
	}
	defer messages.Stop()
	arrived := make(chan jetstream.Msg)
	failed := make(chan error, 1)
	go func() {
		for {
			m, err := messages.Next()
			if err != nil {
				failed <- err
				return
			}
			select {
			case arrived <- m:
			case <-ctx.Done():
				return
			}
		}
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case m := <-arrived:
			if left := p.take(m); left == 0 && !o.follow {
				return nil
			}
		case <-tick.C:
			if o.follow {
				p.print(p.due())
			}
		case err := <-failed:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

// endOfTime is after every line.
var endOfTime = time.Unix(1<<40, 0)

// printer turns messages into lines, and counts what makes none.
type printer struct {
	order      order
	newest     time.Time // when the last message came into the log
	out        *bufio.Writer
	complaints io.Writer
	unreadable int
	why        error // of the last one
}

// take takes a message and tells how many follow it.
func (p *printer) take(m jetstream.Msg) (left uint64) {
	l, ok, err := lineOf(m.Subject(), m.Data())
	about, metaErr := m.Metadata()
	if metaErr != nil {
		err, ok = metaErr, false
	} else {
		l.seq, left, p.newest = about.Sequence.Stream, about.NumPending, about.Timestamp
	}
	if err != nil {
		p.unreadable++
		p.why = fmt.Errorf("message %d on %s: %w", l.seq, m.Subject(), err)
	}
	if ok {
		p.order.add(l)
	}
	return left
}

// due gives the lines before which none is expected any more.
func (p *printer) due() []line { return p.order.take(p.newest.Add(-window)) }

func (p *printer) print(lines []line) {
	for _, l := range lines {
		text, err := json.Marshal(l)
		if err != nil { // NaN and infinities only, which no agent sends
			p.unreadable++
			p.why = err
			continue
		}
		p.out.Write(append(text, '\n'))
	}
	p.out.Flush()
}

func (p *printer) complain() {
	if p.unreadable > 0 {
		fmt.Fprintf(p.complaints, "lines: %d messages make no line; the last, %v\n", p.unreadable, p.why)
	}
	if p.order.late > 0 {
		fmt.Fprintf(p.complaints, "lines: %d lines came more than %v late and are left out\n", p.order.late, window)
	}
}
