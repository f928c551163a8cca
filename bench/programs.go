package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

// What a program costs: the rooms of bench zones twice, at one time on one broker.
const (
	programRooms = 10_000
	programEvery = 4 * time.Second // between two readings of a room: two agents and the broker share the cores
	programTime  = 3 * time.Minute // CPU is taken over this
)

// roomWeek is a usual week, short enough for a file of so many rooms (4 MiB). It aims at
// what the other agent holds, so that both have the same to switch.
const roomWeek = "    program: mon-fri 06:00 day,08:30 20,16:30 day,22:30 20;sat,sun 08:00 day,23:00 20\n"

// programs compares an agent whose zones follow a program with one whose zones do not.
// Both hear the same readings; the second's relays are its own. Beside resident memory,
// which hangs on the moments at which the runtime collects, it tells what is in use
// after a collection.
func programs(dir, binary, broker string) error {
	var agents []*exec.Cmd
	var logs []*os.File
	defer func() { endAll(agents) }()
	for _, config := range []string{
		roomsConfig(dir, broker, "bench", "rooms", "mode: heat", "", programRooms),
		roomsConfig(dir, broker, "weeks", "weeks", "mode: auto", roomWeek, programRooms),
	} {
		agent := exec.Command(binary, "run", "--config", config)
		agent.Env = append(os.Environ(), "GODEBUG=gctrace=1")
		log, err := os.Create(config + ".log")
		if err != nil {
			return err
		}
		defer log.Close()
		if agent.Stderr = log; agent.Start() != nil {
			return fmt.Errorf("%s does not start", binary)
		}
		agents, logs = append(agents, agent), append(logs, log)
	}
	rooms := exec.Command("/proc/self/exe", "rooms", broker, strconv.Itoa(programRooms), programEvery.String())
	if err := rooms.Start(); err != nil {
		return err
	}
	defer func() { rooms.Process.Kill(); rooms.Wait() }()
	for _, relays := range []string{"rooms", "weeks"} {
		if err := lastRoom(broker, relays, programRooms); err != nil {
			return err
		}
	}
	time.Sleep(roomsWarm)
	start := [2]int64{lengthOf(logs[0]), lengthOf(logs[1])}
	used, resides, err := pairUsed(agents)
	if err != nil {
		return err
	}
	live := [2]float64{leastLive(logs[0], start[0]), leastLive(logs[1], start[1])}
	fmt.Printf("| %d zones without and with a program: CPU s in %v; MiB in use, resident; with / without | %.1f, %.1f; %.0f, %.0f; %.0f, %.0f; %.3f, %.3f, %.3f | 1.1, 1.1 |\n",
		programRooms, programTime, used[0], used[1], live[0], live[1], resides[0]/1024, resides[1]/1024, used[1]/used[0], live[1]/live[0], resides[1]/resides[0])
	return nil
}

// pairUsed takes CPU s over a time, and resident memory (KiB) at its end.
func pairUsed(agents []*exec.Cmd) (used, resides [2]float64, err error) {
	for i, a := range agents {
		if used[i], err = cpu(a.Process.Pid); err != nil {
			return used, resides, err
		}
	}
	time.Sleep(programTime)
	for i, a := range agents {
		after, err := cpu(a.Process.Pid)
		if err != nil {
			return used, resides, err
		}
		used[i] = after - used[i]
		if resides[i], err = resident(a.Process.Pid); err != nil {
			return used, resides, err
		}
	}
	return used, resides, nil
}

var afterCollection = regexp.MustCompile(`(?m)^gc .*->(\d+) MB, `)

// leastLive is the least that was in use after a collection, in MiB, by a log from
// there on: what is allocated while one runs counts as in use.
func leastLive(log *os.File, from int64) float64 {
	text, err := io.ReadAll(io.NewSectionReader(log, from, math.MaxInt64-from))
	least := math.NaN()
	for _, m := range afterCollection.FindAllSubmatch(text, -1) {
		if mib, _ := strconv.ParseFloat(string(m[1]), 64); err == nil && !(mib >= least) {
			least = mib
		}
	}
	return least
}

func lengthOf(log *os.File) int64 {
	info, err := log.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}
