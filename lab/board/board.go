// Package board boots the virtual board: QEMU runs Debian's arm64 kernel, and
// the simulated chips of package chips hang on its I2C bus and GPIO lines. A
// test sets what the world is like, runs programs in the guest, and reads from
// the chips' own logs what these did to the wires.
package board

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"thermostat/lab/chips"
	"thermostat/lab/wire"
)

// Lines is how many GPIO lines the board has, as a Raspberry Pi's chip has.
const Lines = 54

// The groups that may open the board's devices.
const (
	GroupGPIO = wire.GroupGPIO
	GroupI2C  = wire.GroupI2C
)

// Options say what the board is like when it boots.
type Options struct {
	Files   map[string]string // guest path -> file of the host, executable
	Text    map[string]string // guest path -> content
	Network bool              // the guest reaches the host's loopback at 10.0.2.2
	Label   string            // of the GPIO chip; empty: pinctrl-rp1
	// PersistOutputs has the kernel keep a released line's level, as Raspberry
	// Pi's does; else it makes it an input again, as mainline's.
	PersistOutputs bool
	Without        []string // kernel modules that are not loaded at boot
	MemoryMiB      int      // 0: 256
	// Disk is a disk of [NewDisk] whose system boots, with systemd; Files below
	// /lab are then below /run/lab. Empty: the guest is all there is.
	Disk string
	Date time.Time // of the board's clock; zero: the host's
}

// modules are loaded at boot, in this order.
var modules = []string{"virtio_pci", "virtio_console", "virtio_net", "i2c-dev", "i2c-virtio", "pinctrl-rp1", "ds2482", "w1_therm"}

// Board is a running board.
type Board struct {
	I2C  *chips.Bus
	GPIO *chips.Bank
	// BootTime is how long the board took from power to the first command.
	BootTime time.Duration

	dir     string
	cancel  context.CancelFunc
	ended   chan error
	console lockedBuffer
	*link
}

// Boot switches a board on. The chips may be attached to I2C before or later.
func Boot(ctx context.Context, o Options, i2c *chips.Bus, gpio *chips.Bank) (*Board, error) {
	began := time.Now()
	dir, err := os.MkdirTemp("", "lab") // short: a socket's path has 107 bytes
	if err != nil {
		return nil, err
	}
	life, cancel := context.WithCancel(context.Background())
	b := &Board{I2C: i2c, GPIO: gpio, dir: dir, cancel: cancel, ended: make(chan error, 1)}
	if err := b.boot(ctx, life, o); err != nil {
		b.Close()
		return nil, fmt.Errorf("boot: %w\n%s", err, b.Console())
	}
	b.BootTime = time.Since(began)
	return b, nil
}

func (b *Board) boot(ctx, life context.Context, o Options) error {
	image, err := b.image(o)
	if err != nil {
		return err
	}
	serve := map[string]func(net.Listener) error{"i2c": b.I2C.Serve, "gpio": b.GPIO.Serve}
	for name, f := range serve {
		l, err := b.listen(name)
		if err != nil {
			return err
		}
		context.AfterFunc(life, func() { l.Close() })
		go func() {
			if err := f(l); err != nil {
				fmt.Fprintf(&b.console, "board: %s: %v\n", name, err)
			}
		}()
	}
	l, err := b.listen("cmd")
	if err != nil {
		return err
	}
	defer l.Close()
	go b.run(life, b.arguments(o, image))
	return b.connect(ctx, l)
}

func (b *Board) listen(name string) (net.Listener, error) {
	return net.Listen("unix", b.socket(name))
}

func (b *Board) socket(name string) string { return filepath.Join(b.dir, name) }

// connect waits for the guest's first word.
func (b *Board) connect(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	up := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			b.link, err = newLink(conn)
		}
		up <- err
	}()
	select {
	case err := <-up:
		return err
	case err := <-b.ended:
		b.ended <- err
		return fmt.Errorf("QEMU ended: %w", err)
	case <-ctx.Done():
		l.Close()
		return errors.New("the guest does not answer")
	}
}

// run is QEMU's life. The kernel kills it when the thread that began it ends,
// so this goroutine keeps that thread: a killed test leaves no QEMU behind.
func (b *Board) run(ctx context.Context, args []string) {
	runtime.LockOSThread()
	cmd := exec.CommandContext(ctx, "qemu-system-aarch64", args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stdout, cmd.Stderr = &b.console, &b.console
	b.ended <- cmd.Run()
}

// arguments are QEMU's. event_idx=off since QEMU offers it without asking the
// chips; the memory is shared with them, that is how they see the transfers.
func (b *Board) arguments(o Options, image string) []string {
	memory := fmt.Sprintf("%dM", max(o.MemoryMiB, 256))
	args := []string{
		"-M", "virt", "-accel", "tcg", "-cpu", "cortex-a53", "-m", memory,
		"-object", "memory-backend-memfd,id=mem,share=on,size=" + memory, "-numa", "node,memdev=mem",
		"-chardev", "socket,id=i2c,path=" + b.socket("i2c"), "-device", "vhost-user-i2c-pci,chardev=i2c,event_idx=off",
		"-chardev", "socket,id=gpio,path=" + b.socket("gpio"), "-device", "vhost-user-gpio-pci,chardev=gpio,event_idx=off",
		"-chardev", "socket,id=cmd,path=" + b.socket("cmd"), "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=cmd,name=" + wire.Port,
		"-kernel", filepath.Join(Cache(), "board", "vmlinuz"), "-initrd", image, "-append", kernelArguments(o),
		"-display", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot",
	}
	if o.Disk != "" {
		args = append(args, "-drive", "if=none,id=disk,format=qcow2,cache=writethrough,file="+o.Disk, "-device", "virtio-blk-pci,drive=disk")
	}
	if !o.Date.IsZero() {
		args = append(args, "-rtc", "base="+o.Date.UTC().Format("2006-01-02T15:04:05"))
	}
	if !o.Network {
		return append(args, "-nic", "none")
	}
	return append(args, "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=")
}

// fast leaves out what guards a kernel from other users and what QEMU emulates slowly: page
// tables of the kernel's own (they come with kaslr) empty its cache of addresses at each
// system call. A third of a scenario's time goes with it; no driver's path is another.
const fast = "nokaslr mitigations=off init_on_alloc=0"

func kernelArguments(o Options) string {
	all := slices.Clone(modules)
	if o.Disk != "" {
		all = append(all, "virtio_blk", "ext4", "autofs4")
	}
	wanted := slices.DeleteFunc(all, func(m string) bool { return slices.Contains(o.Without, m) })
	label, persist := o.Label, "N"
	if label == "" {
		label = "pinctrl-rp1"
	}
	if o.PersistOutputs {
		persist = "Y"
	}
	arguments := fmt.Sprintf("console=ttyAMA0 panic=-1 quiet "+fast+" lab.load=%s pinctrl-rp1.label=%s pinctrl-rp1.persist_gpio_outputs=%s",
		strings.Join(wanted, ","), label, persist)
	if o.Disk != "" {
		arguments += " lab.root=/dev/vda rw systemd.show_status=0"
	}
	return arguments
}

// Console is what kernel and guest printed so far.
func (b *Board) Console() string { return b.console.String() }

// NewW1Bridge tells the kernel of a DS2482 at 0x18, as a device tree would; its
// thermometers appear in /sys/bus/w1/devices some seconds later at the latest.
func (b *Board) NewW1Bridge(ctx context.Context) error { return b.NewI2C(ctx, "ds2482 0x18") }

// NewI2C tells the kernel of a chip, such as sht4x 0x44, whose driver is loaded.
func (b *Board) NewI2C(ctx context.Context, chip string) error {
	buses, err := b.Glob(ctx, "/sys/bus/i2c/devices/i2c-*/new_device")
	if err != nil || len(buses) == 0 {
		return fmt.Errorf("no I2C bus: %v", err)
	}
	return b.WriteFile(ctx, buses[0], []byte(chip), 0o200)
}

// PowerCut takes the board's power from one moment to the next. Its lines fall
// back to their pulls.
func (b *Board) PowerCut() {
	b.Close()
	b.GPIO.PowerCut()
}

// Close ends the board. The chips keep what they are; another board may be
// booted with them. Repeating it is harmless.
func (b *Board) Close() {
	b.cancel()
	if b.link != nil {
		b.link.close()
		err := <-b.ended
		b.ended <- err
	}
	_ = os.RemoveAll(b.dir) // sockets and an image: nothing hangs on them
}

// Cache is the folder that lab/build.sh fills.
func Cache() string {
	if dir := os.Getenv("THERMOSTAT_LAB"); dir != "" {
		return dir
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "thermostat-lab")
}

// Need skips a test where the board cannot be booted, and says what to do. In
// CI, where it must be, it fails instead.
func Need(t testing.TB) {
	t.Helper()
	var why string
	if _, err := exec.LookPath("qemu-system-aarch64"); err != nil {
		why = "qemu-system-aarch64 is not installed"
	} else if _, err := os.Stat(filepath.Join(Cache(), "board", "stamp")); err != nil {
		why = Cache() + " has no board"
	}
	if why != "" {
		Missing(t, why+": run lab/build.sh")
	}
}

// lockedBuffer is a buffer that is written and read at the same time.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
