package mqtt

// Access is how to reach and enter a broker. Files are read again at each
// connection, so that a renewed one counts without a restart.
type Access struct {
	Brokers      []string // URLs mqtt, mqtts, ws, wss; tried in order
	Username     string
	PasswordFile string
	CAFile       string
	CertFile     string
	KeyFile      string
	Prefix       string // of every topic
}
