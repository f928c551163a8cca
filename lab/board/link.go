package board

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"thermostat/lab/wire"
)

// link speaks with the guest.
type link struct {
	conn net.Conn

	mu      sync.Mutex
	lastID  int
	waiting map[int]func(wire.Reply)
	gone    chan struct{}
}

func newLink(conn net.Conn) (*link, error) {
	l := &link{conn: conn, waiting: map[int]func(wire.Reply){}, gone: make(chan struct{})}
	lines := bufio.NewReader(conn)
	if _, err := lines.ReadBytes('\n'); err != nil {
		return nil, fmt.Errorf("the guest's first word: %w", err)
	}
	go l.listen(lines)
	return l, nil
}

func (l *link) listen(lines *bufio.Reader) {
	defer close(l.gone)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var r wire.Reply
		if json.Unmarshal(line, &r) != nil {
			return
		}
		l.mu.Lock()
		hear := l.waiting[r.ID]
		l.mu.Unlock()
		if hear != nil {
			hear(r)
		}
	}
}

func (l *link) close() {
	l.conn.Close()
	<-l.gone
}

// send asks the guest; hear gets every reply until it is forgotten.
func (l *link) send(r wire.Request, hear func(wire.Reply)) (id int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastID++
	r.ID = l.lastID
	l.waiting[r.ID] = hear
	line, err := json.Marshal(r)
	if err != nil {
		return 0, err
	}
	_, err = l.conn.Write(append(line, '\n'))
	return r.ID, err
}

func (l *link) forget(id int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.waiting, id)
}

var errGone = errors.New("the board is off")

// ask waits for one reply.
func (l *link) ask(ctx context.Context, r wire.Request) (wire.Reply, error) {
	replies := make(chan wire.Reply, 1)
	id, err := l.send(r, func(r wire.Reply) { replies <- r })
	if err != nil {
		return wire.Reply{}, err
	}
	defer l.forget(id)
	select {
	case answer := <-replies:
		if answer.Error != "" {
			return answer, errors.New(answer.Error)
		}
		return answer, nil
	case <-l.gone:
		return wire.Reply{}, errGone
	case <-ctx.Done():
		return wire.Reply{}, ctx.Err()
	}
}

// ReadFile reads a file of the guest.
func (l *link) ReadFile(ctx context.Context, path string) ([]byte, error) {
	r, err := l.ask(ctx, wire.Request{Op: wire.Read, Path: path})
	return r.Data, err
}

// WriteFile writes a file of the guest, and makes its folders.
func (l *link) WriteFile(ctx context.Context, path string, data []byte, mode os.FileMode) error {
	_, err := l.ask(ctx, wire.Request{Op: wire.Write, Path: path, Data: data, Mode: uint32(mode)})
	return err
}

// Remove removes a file or folder of the guest.
func (l *link) Remove(ctx context.Context, path string) error {
	_, err := l.ask(ctx, wire.Request{Op: wire.Remove, Path: path})
	return err
}

// Glob gives the guest's paths that match a pattern.
func (l *link) Glob(ctx context.Context, pattern string) ([]string, error) {
	r, err := l.ask(ctx, wire.Request{Op: wire.Glob, Path: pattern})
	return r.Names, err
}

// Load loads a kernel module that was left out at boot.
func (l *link) Load(ctx context.Context, module string, parameters ...string) error {
	_, err := l.ask(ctx, wire.Request{Op: wire.Load, Args: append([]string{module}, parameters...)})
	return err
}

// SetClock sets the guest's wall clock.
func (l *link) SetClock(ctx context.Context, to time.Time) error {
	_, err := l.ask(ctx, wire.Request{Op: wire.Clock, Time: to.Unix()})
	return err
}

// Command is a program to be run in the guest; as root where UID is 0.
type Command struct {
	Args   []string
	Env    []string
	Dir    string
	UID    uint32
	GID    uint32
	Groups []uint32
}

// Process runs in the guest.
type Process struct {
	PID int

	link   *link
	stdout lockedBuffer
	stderr lockedBuffer
	done   chan struct{}
	last   wire.Reply
}

// Start starts a program.
func (l *link) Start(ctx context.Context, c Command) (*Process, error) {
	p := &Process{link: l, done: make(chan struct{})}
	started := make(chan wire.Reply, 1)
	first := true
	_, err := l.send(wire.Request{
		Op: wire.Start, Args: c.Args, Env: c.Env, Dir: c.Dir, UID: c.UID, GID: c.GID, Groups: c.Groups,
	}, func(r wire.Reply) {
		if first {
			first = false
			started <- r
		}
		p.hear(r)
	})
	if err != nil {
		return nil, err
	}
	select {
	case r := <-started:
		if r.Error != "" {
			return nil, errors.New(r.Error)
		}
		p.PID = r.PID
		return p, nil
	case <-l.gone:
		return nil, errGone
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *Process) hear(r wire.Reply) {
	p.stdout.Write(r.Stdout)
	p.stderr.Write(r.Stderr)
	if r.Done {
		p.link.forget(r.ID)
		p.last = r
		close(p.done)
	}
}

// Stdout is what the process printed so far.
func (p *Process) Stdout() string { return p.stdout.String() }

// Stderr is what the process complained of so far.
func (p *Process) Stderr() string { return p.stderr.String() }

// Signal sends a signal.
func (p *Process) Signal(ctx context.Context, s syscall.Signal) error {
	_, err := p.link.ask(ctx, wire.Request{Op: wire.Signal, PID: p.PID, Signal: int(s)})
	return err
}

// Wait waits for the end and gives the exit code, 128 + number for a signal.
func (p *Process) Wait(ctx context.Context) (exit int, err error) {
	select {
	case <-p.done:
		return p.last.Exit, nil
	case <-p.link.gone:
		return 0, errGone
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Result is what a program left.
type Result struct {
	Stdout, Stderr string
	Exit           int
}

// Run runs a program to its end.
func (l *link) Run(ctx context.Context, c Command) (Result, error) {
	p, err := l.Start(ctx, c)
	if err != nil {
		return Result{}, err
	}
	exit, err := p.Wait(ctx)
	return Result{p.Stdout(), p.Stderr(), exit}, err
}
