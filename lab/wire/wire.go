// Package wire is what the host and the guest of the virtual board say to each
// other: one JSON value a line over a virtio serial port.
package wire

// Port is the serial port's name.
const Port = "lab.cmd"

// The operations of the guest.
const (
	Start  = "start"  // a process; replies tell its PID, its output and its end
	Signal = "signal" // to a process
	Read   = "read"   // a file
	Write  = "write"  // a file, with its folders
	Remove = "remove" // a file or folder
	Glob   = "glob"   // names that match a pattern
	Load   = "load"   // a kernel module and what it needs
	Clock  = "clock"  // the wall clock is set
)

// Request asks the guest for something. Op says which other fields count.
type Request struct {
	ID     int // comes back in every reply
	Op     string
	Path   string   `json:",omitempty"`
	Data   []byte   `json:",omitempty"`
	Mode   uint32   `json:",omitempty"`
	Owner  [2]int   `json:",omitempty"` // user and group of a written file
	PID    int      `json:",omitempty"`
	Signal int      `json:",omitempty"`
	Time   int64    `json:",omitempty"` // s since 1970
	Args   []string `json:",omitempty"` // the command; or the module, then its parameters
	Env    []string `json:",omitempty"`
	Dir    string   `json:",omitempty"`
	UID    uint32   `json:",omitempty"`
	GID    uint32   `json:",omitempty"`
	Groups []uint32 `json:",omitempty"`
}

// Reply is the guest's answer. A process sends many, the last with Done.
type Reply struct {
	ID     int
	Error  string   `json:",omitempty"`
	Data   []byte   `json:",omitempty"`
	Names  []string `json:",omitempty"`
	PID    int      `json:",omitempty"`
	Stdout []byte   `json:",omitempty"`
	Stderr []byte   `json:",omitempty"`
	Done   bool     `json:",omitempty"`
	Exit   int      `json:",omitempty"` // 128 + number for a signal, as a shell has it
}

// The groups of the guest's devices.
const (
	GroupGPIO = 993 // /dev/gpiochip*
	GroupI2C  = 994 // /dev/i2c-*
)
