package state

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"thermostat/drivers"
	"thermostat/mqtt/setpoint"
)

// Folder is the state folder: the instance's word, and one file a zone.
type Folder struct {
	Dir   string
	Slots WriteSlots // of what is written again and again

	boot  BootClock
	clock sync.Mutex // of the note about the wall clock
}

// WriteSlots bound how many files are written at once: each write holds a thread of
// the system, and a slow card under thousands of zones would take them all.
type WriteSlots chan struct{}

const allPens = 4

func (p WriteSlots) write(file string, v any) error {
	p <- struct{}{}
	defer func() { <-p }()
	return WriteChecked(file, v)
}

// memoryHead begins every file; behind it stands the checksum of the rest.
const memoryHead = "thermostat-memory-1 "

// Open makes the state folder if it is not there.
func Open(dir string) (*Folder, error) {
	if err := os.MkdirAll(filepath.Join(dir, "zones"), 0o700); err != nil {
		return nil, err
	}
	// A new folder lasts only once its parent is written. The parent may be one
	// that we cannot open, as under systemd's DynamicUser: then the kernel writes
	// it in its own time.
	_ = syncFolder(filepath.Dir(dir))
	return &Folder{Dir: dir, Slots: make(WriteSlots, allPens), boot: ThisBoot()}, syncFolder(dir)
}

func (m *Folder) zoneFile(zone string) string { return filepath.Join(m.Dir, "zones", zone+".json") }

func (m *Folder) programFile(zone string) string {
	return filepath.Join(m.Dir, "zones", zone+".program.json")
}

// Load reads what a zone remembers of its setpoint. A zone without a file has no past; a
// damaged file is an error, and no past either.
func (m *Folder) Load(zone string) (setpoint.Memory, error) { return m.load(m.zoneFile(zone)) }

// LoadProgram reads what a zone remembers of its program, as [Folder.Load] does.
func (m *Folder) LoadProgram(zone string) (setpoint.Memory, error) {
	return m.load(m.programFile(zone))
}

func (m *Folder) load(file string) (setpoint.Memory, error) {
	var kept keptSetpoint
	err := readChecked(file, &kept)
	if errors.Is(err, os.ErrNotExist) {
		return setpoint.Memory{}, nil
	}
	if err != nil {
		return setpoint.Memory{}, err
	}
	return kept.memory(m.boot), nil
}

// keptSetpoint is what a zone remembers, and when that was accepted on the clock
// that nobody sets.
type keptSetpoint struct {
	setpoint.Memory
	Boot  string        `json:",omitempty"`
	Since time.Duration `json:",omitempty"` // ns since boot
}

// memory gives the moment of the acceptance: of this boot whatever happened to the
// wall clock, of another one as that showed it.
func (k keptSetpoint) memory(boot BootClock) setpoint.Memory {
	if k.Boot != "" && k.Boot == boot.ID && k.Since <= boot.Now() {
		k.Accepted = time.Now().Add(k.Since - boot.Now())
	} else {
		k.AnotherBoot = !k.Accepted.IsZero()
	}
	return k.Memory
}

// Save keeps what a zone remembers of its setpoint, whole or not at all.
func (m *Folder) Save(zone string, mem setpoint.Memory) error {
	return m.save(m.zoneFile(zone), mem)
}

// SaveProgram keeps what a zone remembers of its program, whole or not at all.
func (m *Folder) SaveProgram(zone string, mem setpoint.Memory) error {
	return m.save(m.programFile(zone), mem)
}

func (m *Folder) save(file string, mem setpoint.Memory) error {
	kept := keptSetpoint{Memory: mem}
	if m.boot.ID != "" && !mem.Accepted.IsZero() {
		kept.Boot, kept.Since = m.boot.ID, m.boot.At(mem.Accepted)
	}
	return m.Slots.write(file, kept)
}

// Instance gives the random word born with this memory. renew makes a new one:
// after damage the numbers of our words are not known any more, and under a
// new name none can be said twice.
func (m *Folder) Instance(renew bool) (string, error) {
	if word := m.instance(); word != "" && !renew {
		return word, nil
	}
	word := NewInstance()
	return word, WriteChecked(m.instanceFile(), word)
}

func (m *Folder) instanceFile() string { return filepath.Join(m.Dir, "instance.json") }

// instance is the word that is kept; empty where none can be read.
func (m *Folder) instance() (word string) {
	if readChecked(m.instanceFile(), &word) != nil {
		return ""
	}
	return word
}

// NewInstance makes a word that no other agent has: 26 letters of 5 bits.
func NewInstance() string { return strings.ToLower(rand.Text()) }

func readChecked(file string, v any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, body, _ := strings.Cut(string(data), "\n")
	if head != checkedHead([]byte(body)) {
		return fmt.Errorf("%s is damaged", file)
	}
	if err := json.Unmarshal([]byte(body), v); err != nil {
		return fmt.Errorf("%s is damaged: %w", file, err)
	}
	return nil
}

func checkedHead(body []byte) string {
	return fmt.Sprintf("%s%08x", memoryHead, crc32.ChecksumIEEE(body))
}

// WriteChecked replaces a file by a value as JSON behind its checksum, whole or not at all.
func WriteChecked(file string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeWhole(file, append([]byte(checkedHead(body)+"\n"), body...))
}

// writeWhole replaces a file so that a power cut leaves the old or the new one:
// write beside it, fsync, rename, fsync the folder (else the rename may be lost).
func writeWhole(file string, data []byte) (err error) {
	part := file + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(part, file)
	}
	if err != nil {
		_ = os.Remove(part) // the error that counts is the first
		return err
	}
	return syncFolder(filepath.Dir(file))
}

// syncFolder does nothing on Windows, which opens no folder for it.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// PastFile is where a zone's last switches are kept.
func (m *Folder) PastFile(zone string) string { return filepath.Join(m.Dir, "zones", zone+".past") }

// LoadPast reads what is kept of a zone. A zone without a file, or with a
// damaged one, has no past.
func (m *Folder) LoadPast(zone string) (KeptZone, error) {
	var kept KeptZone
	err := readChecked(m.PastFile(zone), &kept)
	if errors.Is(err, os.ErrNotExist) {
		return KeptZone{}, nil
	}
	if err != nil {
		return KeptZone{}, err
	}
	return kept, nil
}

// Hold writes down the lines that the agent holds; none has been on yet.
func (m *Folder) Hold(lines []drivers.Held) error {
	if before, err := ReadRelays(m.Dir); err == nil && slices.Equal(lines, before) {
		return nil
	}
	return WriteChecked(RelaysFile(m.Dir), lines)
}

// clockFile keeps in which boot the wall clock could be followed: state_dir/clock.
func (m *Folder) clockFile() string { return filepath.Join(m.Dir, "clock") }

// noLonger stands before the boot in which the wall clock could be followed, and then not any more.
const noLonger = "not "

// ClockFollowed reports whether the wall clock could be followed earlier in this boot, when
// that was noted last, or no longer could; neither where nothing was noted.
func (m *Folder) ClockFollowed() (can, noMore bool) {
	var note string
	if readChecked(m.clockFile(), &note) != nil || m.boot.ID == "" {
		return false, false
	}
	return note == m.boot.ID, note == noLonger+m.boot.ID
}

// FollowClock notes whether the wall clock can be followed in this boot, as it is once the
// note before is written.
func (m *Folder) FollowClock(can func() bool) error {
	m.clock.Lock()
	defer m.clock.Unlock()
	was, wasNot := m.ClockFollowed()
	switch is := can(); {
	case m.boot.ID == "", is && was, !is && wasNot:
		return nil
	case is:
		return WriteChecked(m.clockFile(), m.boot.ID)
	}
	return WriteChecked(m.clockFile(), noLonger+m.boot.ID)
}
