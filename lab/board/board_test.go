package board_test

import (
	"context"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"thermostat/lab/board"
	"thermostat/lab/chips"
)

func boot(t *testing.T, o board.Options, bus *chips.Bus) *board.Board {
	t.Helper()
	board.Need(t)
	b, err := board.Boot(t.Context(), o, bus, chips.NewBank(board.Lines))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	t.Logf("booted in %.1f s", b.BootTime.Seconds())
	return b
}

func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// helper builds the small program that the tests run in the guest.
func helper(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "helper")
	cmd := exec.Command("go", "build", "-trimpath", "-o", out, "./testdata/helper")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

func TestABoardServesFilesAndRunsProcesses(t *testing.T) {
	b := boot(t, board.Options{
		Files: map[string]string{"/bin/helper": helper(t)},
		Text:  map[string]string{"/etc/greeting": "hello"},
	}, chips.NewBus())
	ctx := patience(t)
	if text, err := b.ReadFile(ctx, "/etc/greeting"); err != nil || string(text) != "hello" {
		t.Errorf("%q, %v", text, err)
	}
	if err := b.WriteFile(ctx, "/srv/a/b", []byte("x"), 0o640); err != nil {
		t.Error(err)
	}
	if names, err := b.Glob(ctx, "/srv/a/*"); err != nil || len(names) != 1 {
		t.Errorf("%v, %v", names, err)
	}
	if err := b.Remove(ctx, "/srv"); err != nil {
		t.Error(err)
	}
	if _, err := b.ReadFile(ctx, "/srv/a/b"); err == nil {
		t.Error("a file that is not there was read")
	}
	if _, err := b.Run(ctx, board.Command{Args: []string{"/no/program"}}); err == nil {
		t.Error("a program that is not there was run")
	}
	r, err := b.Run(ctx, board.Command{Args: []string{"/bin/helper", "speak"}, Env: []string{"WORD=ja"}, Dir: "/tmp", UID: 900, GID: 901, Groups: []uint32{board.GroupGPIO}})
	if want := (board.Result{Stdout: "ja /tmp 900 901 [993]\n", Stderr: "nein\n", Exit: 7}); err != nil || r != want {
		t.Errorf("%+v, %v; want %+v", r, err, want)
	}
	p, err := b.Start(ctx, board.Command{Args: []string{"/bin/helper", "sleep"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(ctx, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if exit, err := p.Wait(ctx); err != nil || exit != 128+15 {
		t.Errorf("exit %d, %v; want 143", exit, err)
	}
}

func TestTheKernelReadsTheBoardsChips(t *testing.T) {
	bus, bridge, sensor, weather := chips.NewBus(), chips.NewDS2482(), chips.NewDS18B20(0x0316a2795bff), chips.NewBME280()
	bus.Attach(0x18, bridge)
	bus.Attach(0x76, weather)
	bridge.Plug(sensor)
	b := boot(t, board.Options{Files: map[string]string{"/bin/helper": helper(t)}}, bus)
	ctx := patience(t)
	if err := b.NewW1Bridge(ctx); err != nil {
		t.Fatal(err)
	}
	file := "/sys/bus/w1/devices/28-0316a2795bff/w1_slave"
	for {
		if _, err := b.ReadFile(ctx, file); err == nil {
			break
		} else if ctx.Err() != nil {
			t.Fatalf("no thermometer: %v\n%s", err, b.Console())
		}
	}
	for _, celsius := range []float64{-10.125, 0, 21.5, 60} {
		sensor.Set(celsius)
		text, err := b.ReadFile(ctx, file)
		if want := fmt.Sprintf("t=%d\n", int(math.Round(celsius*1000))); err != nil || !strings.HasSuffix(string(text), want) {
			t.Errorf("%q, %v; want %s", text, err, want)
		}
	}
	r, err := b.Run(ctx, board.Command{Args: []string{"/bin/helper", "i2c"}})
	if err != nil || r.Stdout != "0x60\n" {
		t.Errorf("%+v, %v: want the id of a BME280", r, err)
	}
	bus.Attach(0x76, nil)
	if r, err = b.Run(ctx, board.Command{Args: []string{"/bin/helper", "i2c"}}); err != nil || !strings.Contains(r.Stderr, "remote I/O error") {
		t.Errorf("%+v, %v: want an error from an address without a chip", r, err)
	}
}

// Both behaviours of a line whose program has gone.
func TestALineOfADeadProgramStaysOnlyIfOutputsPersist(t *testing.T) {
	for _, persist := range []bool{false, true} {
		b := boot(t, board.Options{Files: map[string]string{"/bin/helper": helper(t)}, PersistOutputs: persist, Label: "pinctrl-bcm2711"}, chips.NewBus())
		ctx := patience(t)
		p, err := b.Start(ctx, board.Command{Args: []string{"/bin/helper", "gpio", "pinctrl-bcm2711", "17"}, UID: 900, GID: 900, Groups: []uint32{board.GroupGPIO}})
		if err != nil {
			t.Fatal(err)
		}
		for !b.GPIO.Wire(17) {
			if ctx.Err() != nil {
				t.Fatalf("the line was never driven: %s%s\n%s", p.Stdout(), p.Stderr(), b.Console())
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err := p.Signal(ctx, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Run(ctx, board.Command{Args: []string{"/bin/helper", "speak"}}); err != nil { // by then the kernel has cleaned up
			t.Fatal(err)
		}
		if b.GPIO.Wire(17) != persist {
			t.Errorf("persist %v: the wire is %v after the program was killed", persist, b.GPIO.Wire(17))
		}
		b.PowerCut()
		if b.GPIO.Wire(17) || !b.GPIO.Wire(5) {
			t.Error("after a power cut the pulls count: GPIO17 down, GPIO5 up")
		}
		if _, err := b.ReadFile(ctx, "/etc/x"); err == nil {
			t.Error("a board without power answered")
		}
	}
}

func TestNetworkReachesTheHost(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "from the host\n")
			c.Close()
		}
	}()
	b := boot(t, board.Options{Files: map[string]string{"/bin/helper": helper(t)}, Network: true}, chips.NewBus())
	_, port, _ := net.SplitHostPort(l.Addr().String())
	r, err := b.Run(patience(t), board.Command{Args: []string{"/bin/helper", "dial", "10.0.2.2:" + port}})
	if err != nil || r.Stdout != "from the host\n" {
		t.Errorf("%+v, %v", r, err)
	}
}
