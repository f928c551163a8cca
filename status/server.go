package status

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"thermostat/controlloop"
	"thermostat/controlloop/report"
)

// Options are the constants of a server, and what it may ask and do.
type Options struct {
	Device          string   // its name
	Version, Commit string   // as build_info tells them
	Units           string   // C or F: what the page shows and takes
	Timezone        string   // on whose clocks programs run, IANA's name; empty: not known by name
	Zones           []Zone   // in the order of the page
	Sources         []Source // of heat that zones share

	Listen       func() (net.Listener, error) // called again when it fails, and when listening ends
	Machine      string                       // the host name
	Hosts        []string                     // further names that the server answers to
	Proxies      []netip.Prefix               // whose headers about the client are believed
	PasswordFile string                       // read anew for each change; empty: there is none

	// Submit hands over a control as JSON.
	Submit func(ctx context.Context, zone string, control []byte) (Answer, error)
	// SubmitProgram hands over a program as JSON.
	SubmitProgram func(ctx context.Context, zone string, program []byte) (Answer, error)
	// Programs counts the programs of all zones that have been in force so far: another number, and one is another.
	Programs func() uint64
	// Program is a zone's program as it is in force, to be told as JSON.
	Program func(zone string) any
	// Hand does what the zone's topic set/<what> does with a text: boost, hold, resume.
	Hand func(ctx context.Context, zone, what, text string) (Answer, error)
	// Away does what the topic set/away does with a text.
	Away func(ctx context.Context, text string) (AwayAnswer, error)
	// Clear clears what is latched.
	Clear func(ctx context.Context, zone string) (Answer, error)

	Counters  func(zone string) controlloop.Counters // of a zone, over restarts
	Connected func() bool                            // whether the broker is; nil: there is none
	Failsafe  func() *bool                           // whether relays are let go of after a crash; it gives nil where that is not known

	Log     *slog.Logger                // what people should know
	Contain func(part string, f func()) // runs f and survives its panic; nil: nobody does
}

// The bounds of what clients may cost. A page holds one stream and up to five
// more connections for a moment.
const (
	maxStreams     = 128
	maxConnections = 384
	maxScrapes     = 32 // at a time
	maxHeader      = 8 << 10
	sendBuffer     = 64 << 10 // bytes in the kernel, for each connection

	headerTime = 5 * time.Second
	readTime   = 10 * time.Second
	writeTime  = 15 * time.Second // more than an answer takes
	idleTime   = 10 * time.Second
	leaveTime  = time.Second

	listenAgain = 10 * time.Second
	newsGap     = 200 * time.Millisecond // between two looks at the board by all streams
)

// Server is the page, its JSON, and the metrics. Make one with [New].
type Server struct {
	opts    Options
	board   *board
	assets  assets
	streams chan struct{} // a place for each
	gate    *gate
	packers sync.Pool // *gzip.Writer
}

// New makes a server; nothing is served before Run.
func New(o Options) *Server {
	if o.Contain == nil {
		o.Contain = func(_ string, f func()) { f() }
	}
	return &Server{
		opts: o, board: newBoard(o.Zones, o.Sources), assets: loadAssets(),
		streams: make(chan struct{}, maxStreams), gate: newGate(o.PasswordFile, o.Log), packers: sync.Pool{New: newPacker},
	}
}

// Saw takes a zone's snapshot, in the zone's own goroutine. It does not wait
// for any client. A nil server sees nothing.
func (s *Server) Saw(snap controlloop.Snapshot) {
	if s != nil {
		s.board.saw(snap)
	}
}

// SawSource takes what a source of heat does. A nil server sees nothing.
func (s *Server) SawSource(snap report.SourceSnapshot) {
	if s != nil {
		s.board.sawSource(snap)
	}
}

// Kept gives what is worth keeping of the history now.
func (s *Server) Kept() Kept { return keptOf(s.board) }

// Restore goes on from what another process kept; it must be called before the
// zones run. Damage is told, and what is whole is taken.
func (s *Server) Restore(kept Kept) error { return restoreTo(s.board, kept) }

// Run serves until the context ends. An address that cannot be had is no
// reason to fail: it is told once, and tried again.
func (s *Server) Run(ctx context.Context) {
	told := ""
	for ctx.Err() == nil {
		l, err := s.opts.Listen()
		if err == nil {
			told = ""
			err = s.serve(ctx, l)
		}
		if err != nil && err.Error() != told {
			told = err.Error()
			s.opts.Log.Error("no page, no metrics: tried again every 10 s; the zones run", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(listenAgain):
		}
	}
}

// serve serves through one listener until the context ends, or listening fails.
func (s *Server) serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	who := s.gate.at(l.Addr())
	s.opts.Log.Info("page", "url", "http://"+l.Addr().String(), "changes", who)
	server := &http.Server{
		Handler: s.handler(who), BaseContext: func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, DisableGeneralOptionsHandler: true,
		ErrorLog: slog.NewLogLogger(s.opts.Log.Handler(), slog.LevelDebug),
	}
	go s.opts.Contain("the page", func() { s.pump(ctx) })
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(netutil.LimitListener(smallBuffers{l}, maxConnections)) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	leave, cancelLeave := context.WithTimeout(context.Background(), leaveTime)
	defer cancelLeave()
	if err := server.Shutdown(leave); err != nil {
		server.Close() // whoever is still there is cut off
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// pump announces what is new, not too often: all streams look at the board then.
func (s *Server) pump(ctx context.Context) {
	for {
		select {
		case <-s.board.wake:
			s.board.announce()
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(newsGap):
		case <-ctx.Done():
			return
		}
	}
}

// handler routes the requests.
func (s *Server) handler(who changes) http.Handler {
	mux := http.NewServeMux()
	for path, a := range s.assets {
		if path != indexFile {
			mux.Handle("GET "+path, a)
		}
	}
	mux.HandleFunc("GET /{$}", s.assets.index)
	mux.HandleFunc("GET /api/zones", s.zones)
	mux.HandleFunc("GET /api/sources", s.sources)
	mux.HandleFunc("GET /api/zones/{zone}/history", s.history)
	mux.HandleFunc("GET /api/zones/{zone}/program", s.program)
	mux.HandleFunc("PUT /api/zones/{zone}/program", s.gate.changing(who, s.submitting(s.opts.SubmitProgram)))
	mux.HandleFunc("PUT /api/zones/{zone}/control", s.gate.changing(who, s.submitting(s.opts.Submit)))
	mux.HandleFunc("PUT /api/zones/{zone}/hold", s.gate.changing(who, s.hand("hold")))
	mux.HandleFunc("POST /api/zones/{zone}/boost", s.gate.changing(who, s.hand("boost")))
	mux.HandleFunc("POST /api/zones/{zone}/resume", s.gate.changing(who, s.hand("resume")))
	mux.HandleFunc("POST /api/zones/{zone}/clear", s.gate.changing(who, s.clear))
	mux.HandleFunc("PUT /api/away", s.gate.changing(who, s.away))
	mux.HandleFunc("GET /api/events", func(w http.ResponseWriter, r *http.Request) { s.events(who, w, r) })
	mux.Handle("GET /metrics", metricsOf(s))
	mux.HandleFunc("GET /healthz", s.healthz)
	return hardened(mux, newHostNames(s.opts.Machine, s.opts.Hosts), s.opts.Proxies)
}

// smallBuffers bounds what the kernel keeps for a client that does not read.
type smallBuffers struct{ net.Listener }

// Accept gives the next connection.
func (l smallBuffers) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok && err == nil {
		_ = tcp.SetWriteBuffer(sendBuffer) // what cannot be set stays at the kernel's own bound
	}
	return c, err
}
