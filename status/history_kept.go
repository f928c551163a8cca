package status

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"thermostat/controlloop"
)

// Kept is the history of all zones as it is kept over a restart, by zone. A
// JSON of it has about 13 KB a zone at most.
type Kept map[string]KeptHistory

// KeptHistory is the history of one zone.
type KeptHistory struct {
	End    time.Time `json:"end"`    // of the last point, by the wall clock
	StepS  int       `json:"step_s"` // seconds between two points
	Points []byte    `json:"points"` // 14 bytes each, little-endian
}

// keptOf gives what is worth keeping now.
func keptOf(b *board) Kept {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := Kept{}
	for _, z := range b.zones {
		if len(z.past.points) > 0 {
			kept[z.Name] = z.past.kept()
		}
	}
	return kept
}

func (h *history) kept() KeptHistory {
	var points bytes.Buffer
	if err := binary.Write(&points, binary.LittleEndian, h.points); err != nil {
		panic(err) // numbers of fixed size, into memory
	}
	return KeptHistory{wallOf(h.end()), int(h.step / time.Second), points.Bytes()}
}

// wallOf is a moment of this process by the wall clock of now, which may have
// been set since.
func wallOf(t time.Time) time.Time {
	now := time.Now()
	return now.Add(-now.Sub(t)).Round(0).UTC()
}

// restoreTo goes on from what was kept by another process. Zones that are not there any more are dropped, and so
// is what is damaged, from the future, or older than the history is long.
func restoreTo(b *board, kept Kept) error {
	var err error
	for _, z := range b.zones {
		k, ok := kept[z.Name]
		if !ok {
			continue
		}
		if e := z.past.restore(k, time.Now()); e != nil {
			err = fmt.Errorf("zone %s: %w", z.Name, e)
		}
	}
	return err
}

func (h *history) restore(k KeptHistory, now time.Time) error {
	n, step := len(k.Points)/binary.Size(gap), time.Duration(k.StepS)*time.Second
	if n >= historyPoints || !isStep(step) {
		return fmt.Errorf("%d points of %d s are no history", n, k.StepS)
	}
	points := make([]point, n, historyPoints)
	if _, err := binary.Decode(k.Points, binary.LittleEndian, points); err != nil {
		return err
	}
	away := now.Round(0).Sub(k.End)
	if away < 0 || away >= historyPoints*coarsest {
		return nil
	}
	h.points, h.step = points, step
	h.begin = now.Add(-away - time.Duration(n)*step)
	h.last = controlloop.Snapshot{Time: now.Add(-away)} // nothing is known of the time between
	return nil
}

func isStep(d time.Duration) bool {
	for step := finest; step <= coarsest; step *= 2 {
		if d == step {
			return true
		}
	}
	return false
}
