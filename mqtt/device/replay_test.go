package device

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/mailbox"
)

// ear is a sensor without a broker: messages are put into its hands.
type ear struct {
	t   *testing.T
	s   *Sensor
	now time.Time
}

func newEar(t *testing.T, spec SensorSpec) *ear {
	spec.SensorID, spec.StaleAfter, spec.Topic, spec.Format = 7, time.Minute, "t", "auto"
	return &ear{t, newSensor(spec), time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}
}

// hears gives what comes of a message that comes so much later: a number, a
// verdict with its text, or nothing.
func (e *ear) hears(after time.Duration, payload string, retained bool) string {
	e.now = e.now.Add(after)
	e.s.take(e.now, []byte(payload), retained)
	select {
	case a := <-e.s.readings.C():
		if a.err != nil {
			return a.err.Error()
		}
		return fmt.Sprint(a.reading.Celsius)
	default:
		return ""
	}
}

// wants checks that; a text is found in what comes, "" is nothing.
func (e *ear) wants(after time.Duration, payload string, retained bool, want string) {
	e.t.Helper()
	if got := e.hears(after, payload, retained); got != want && (want == "" || !strings.Contains(got, want) || !strings.Contains(want, " ")) {
		e.t.Errorf("%v later %s: %q, want %q", after, payload, got, want)
	}
}

// TestARetainedReadingCountsTheSecondTime: bytes that a broker had kept are no reading the first time, and
// are the second time.
func TestARetainedReadingCountsTheSecondTime(t *testing.T) {
	e := newEar(t, SensorSpec{})
	e.wants(0, "15", true, "was kept by the broker")
	e.wants(time.Second, "15", false, "15.00 °C is no new reading")
	e.wants(time.Second, "15", false, "15.00 °C is no new reading") // within 2 s
	e.wants(time.Second, "15", false, "15")
	e.wants(time.Second, "15", false, "15")
	e.s.connected()
	e.wants(time.Second, "15", false, "") // the reading before it still counts: nothing to tell
	e.wants(2*time.Second, "15", false, "15")
	e.s.connected()
	e.wants(time.Second, "16", false, "16") // another word is no old one
	e.wants(time.Second, "16", false, "16")
	e.wants(time.Hour, "16", false, "is no new reading") // after a silence of more than stale_after
	e.wants(time.Minute, "16", false, "16")
	// What no broker ever had kept is new each time.
	e = newEar(t, SensorSpec{})
	for range 3 {
		e.wants(time.Hour, "15", false, "15")
		e.s.connected()
	}
}

// TestAReplayOfABridgeNeverCounts: a dead sensor's last word that a bridge says at each of
// its connections never counts, and is told; the bridge may tell of itself or not.
func TestAReplayOfABridgeNeverCounts(t *testing.T) {
	e := newEar(t, SensorSpec{})
	e.wants(0, "15", true, "was kept by the broker")
	for i := range 20 { // it does not tell, and connects now and then
		got := e.hears(time.Duration(61+i*17)*time.Second, "15", false)
		if !strings.Contains(got, "retained: 15.00 °C is no new reading") || i >= 2 != strings.Contains(got, "times in a row nothing new came") {
			t.Errorf("%d: %q", i, got)
		}
	}
	e = newEar(t, SensorSpec{})
	e.wants(0, "14", false, "14") // its last one came live
	e.wants(time.Hour, "14", true, "was kept")
	for range 50 { // it tells, and flaps
		e.s.bridged(e.now.Add(3 * time.Second))
		e.wants(4*time.Second, "14", false, "is no new reading")
	}
	e.s.bridged(e.now.Add(time.Second))
	e.wants(2*time.Second, "13", false, "is no new reading") // the other broker had kept another word
	e.wants(bridgeTime, "13", false, "13")                   // and this one the sensor says
	// At a broker that has just started nothing is known of what the bridge says first.
	e = newEar(t, SensorSpec{})
	e.s.bridged(e.now)
	e.wants(time.Second, "15", false, "is no new reading")
	// A sensor of this broker, of which nothing is kept, does not suffer.
	e = newEar(t, SensorSpec{})
	e.wants(0, "15", false, "15")
	for range 50 {
		e.s.bridged(e.now)
		e.wants(time.Second, "15", false, "15")
	}
}

// TestAReadingWithATimeMustBeLater: a document that has a time of its own is new only if
// that is later than the last one's.
func TestAReadingWithATimeMustBeLater(t *testing.T) {
	said := func(clock string, celsius int) string {
		return fmt.Sprintf(`{"Time":"2026-10-25T%s","temperature":%d}`, clock, celsius)
	}
	e := newEar(t, SensorSpec{})
	e.wants(0, said("02:00:00", 15), true, "was kept")
	e.wants(time.Second, said("02:00:00", 15), false, "the same reading")
	e.wants(time.Hour, said("02:00:00", 15), false, "the same reading")
	e.wants(time.Hour, said("02:00:00", 15), false, "3 times in a row nothing new came")
	e.wants(time.Second, said("02:00:10", 16), false, "16")
	e.wants(time.Second, said("02:00:10", 17), false, "17") // within the second that the time means
	e.wants(time.Second, said("02:00:10", 17), false, "")
	e.wants(3*time.Second, said("02:00:10", 18), false, "")
	e.wants(time.Second, said("02:00:20", 16), false, "16")
	// Old ones come, one after another: no queue of before counts.
	e.wants(time.Second, said("01:00:00", 5), false, "")
	e.wants(time.Second, said("01:00:10", 5), false, "")
	e.wants(time.Minute, said("01:05:00", 5), false, "before that of the last one, 2026-10-25 02:00:20: an old reading")
	e.wants(time.Second, said("02:59:55", 18), false, "18")
	// Summer time ends: the second one counts.
	e.wants(10*time.Second, said("02:00:05", 19), false, "")
	e.wants(10*time.Second, said("02:00:15", 19), false, "19")
	e.wants(10*time.Second, said("02:00:25", 19), false, "19")
	// What is kept may be said once more with another value of its second.
	e = newEar(t, SensorSpec{})
	e.wants(0, said("02:00:00", 15), true, "was kept")
	e.wants(time.Second, said("02:00:00", 16), false, "the same reading")
	// A device that starts without knowing the time says 1970, which is none.
	e = newEar(t, SensorSpec{})
	e.wants(0, `{"Time":"2026-10-25T02:00:00","temperature":15}`, false, "15")
	e.wants(time.Second, `{"Time":"1970-01-01T00:00:05","temperature":16}`, false, "16")
	e.wants(time.Second, `{"Time":"1970-01-01T00:00:15","temperature":17}`, false, "17")
}

// TestWhileTwoSensorsPublishNoneIsBelieved: messages that name another sensor than the first
// one are told, and while two speak none is believed.
func TestWhileTwoSensorsPublishNoneIsBelieved(t *testing.T) {
	said := func(id int, celsius float64) string {
		return fmt.Sprintf(`{"model":"X","id":%d,"temperature":%v}`, id, celsius)
	}
	e := newEar(t, SensorSpec{})
	e.wants(0, said(37, 20), false, "20")
	e.wants(10*time.Second, said(37, 20), false, "20")
	for range 5 {
		e.wants(10*time.Second, said(173, 4), false, `it is of id "173", model "X", the first one was of id "37", model "X": name this zone's sensor with where`)
		e.wants(10*time.Second, said(37, 20), false, "another one speaks on t, too")
	}
	e.wants(61*time.Second, said(37, 20), false, "20") // it was a neighbour's that passed by
	e.wants(time.Second, `{"temperature":21}`, false, "21")
	// Named, the other one is no fault.
	e = newEar(t, SensorSpec{Where: map[string]string{"id": "37"}})
	for range 5 {
		e.wants(10*time.Second, said(37, 20), false, "20")
		e.wants(10*time.Second, said(173, 4), false, "")
	}
	e.wants(61*time.Second, said(173, 4), false, "2 messages without `temperature` of id \"37\"")
	// Said to be all of one.
	e = newEar(t, SensorSpec{Where: map[string]string{}})
	e.wants(0, said(1, 20), false, "20")
	e.wants(0, said(2, 20), false, "20")
}

// TestAValueThatIsGoneIsTold: a field that no longer comes is told once the last reading
// is old; a word in place of the number at once.
func TestAValueThatIsGoneIsTold(t *testing.T) {
	e := newEar(t, SensorSpec{Field: "DS18B20-1.Temperature"})
	e.wants(0, `{"DS18B20-1":{"Id":"AAAA","Temperature":15.0},"DS18B20-2":{"Id":"BBBB","Temperature":19.0}}`, false, "15")
	e.wants(10*time.Second, `{"DS18B20-1":{"Id":"BBBB","Temperature":19.0}}`, false, `it is of Id "BBBB"`)
	e.wants(10*time.Second, `{"DS18B20-1":{"Id":"AAAA","Temperature":"unavailable"}}`, false, `"unavailable" is not a number`)
	for range 3 {
		e.wants(10*time.Second, `{"DS18B20":{"Id":"BBBB","Temperature":19.0}}`, false, "")
	}
	e.wants(11*time.Second, `{"DS18B20":{"Id":"BBBB","Temperature":19.0}}`, false, "4 messages without `DS18B20-1.Temperature`")
}

// switchboard is a relay that keeps the times when it went off.
type switchboard struct {
	mu   sync.Mutex
	on   bool
	offs []time.Time
}

func (b *switchboard) Set(on bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.on && !on {
		b.offs = append(b.offs, time.Now())
	}
	b.on = on
	return nil
}

func (b *switchboard) isOn() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.on
}

// TestASensorOfTheSameNumberHeatsForAWeek: a sensor that says the same number again and
// again heats for a week, through a broker that restarts each hour and a bridge
// that does now and then; kept by the broker or not, with a time of its own or not.
func TestASensorOfTheSameNumberHeatsForAWeek(t *testing.T) {
	for _, kept := range []bool{false, true} {
		for _, timed := range []bool{false, true} {
			t.Run(fmt.Sprintf("kept %v, timed %v", kept, timed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { healthyWeek(t, kept, timed) })
			})
		}
	}
}

func healthyWeek(t *testing.T, kept, timed bool) {
	params := controlloop.Params{
		Heater: true, DesiredMin: 5, DesiredMax: 28, HeatCutout: 35, CoolCutout: 3,
		PlausibleMin: -30, PlausibleMax: 70, MaxRate: 5, Sample: 5 * time.Second, StaleAfter: time.Minute,
	}
	usual := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 19, UpDelta: 0.3, DownDelta: 0.3, Source: "config"}
	relay := &switchboard{}
	s := newSensor(SensorSpec{SensorID: 7, StaleAfter: params.StaleAfter, Topic: "t", Format: "auto"})
	var faults, answers atomic.Uint64
	zone := &controlloop.Zone{Name: "z", Params: params, Sensor: s, Heater: relay, Setpoints: mailbox.New[controlloop.Setpoint](), Observe: func(snap controlloop.Snapshot) {
		answers.Store(snap.Answers)
		for _, f := range snap.Faults {
			if f.Name != "not_warming" { // of course: nothing warms here
				faults.Add(1)
			}
		}
	}}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- zone.Run(ctx, usual) }()

	last := ""
	speak := func() {
		last = `{"temperature":15}`
		if timed {
			last = fmt.Sprintf(`{"time":%d,"temperature":15}`, time.Now().Unix())
		}
		s.take(time.Now(), []byte(last), false)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	speak()
	for hour := range 7 * 24 {
		for beat := range 180 { // each 20 s
			time.Sleep(20 * time.Second)
			speak()
			if hour%5 == 4 && rnd.IntN(180) == 0 {
				s.bridged(time.Now())
				if kept {
					s.take(time.Now(), []byte(last), true) // what is kept is asked for again
					s.take(time.Now(), []byte(last), false)
				}
			}
			if beat == 100 { // the broker restarts
				s.connected()
				if kept {
					s.take(time.Now(), []byte(last), true)
				}
			}
		}
	}
	on := relay.isOn()
	end()
	if err := <-ended; err != nil || !on || len(relay.offs) != 1 || faults.Load() > 0 || answers.Load() < uint64(7*24)*149 {
		t.Errorf("on %v, off at %v, faults %v, %d answers, %v", on, relay.offs, faults.Load(), answers.Load(), err)
	}
}

// TestWhatIsNoReadingIsToldAsSuch: it comes as a bad answer, so that a replay of
// the answers decides alike.
func TestWhatIsNoReadingIsToldAsSuch(t *testing.T) {
	e := newEar(t, SensorSpec{})
	e.s.take(e.now, []byte("15"), true)
	e.s.take(e.now, []byte("15"), false)
	_, err := e.s.Read(t.Context())
	var bad *controlloop.BadReading
	if !errors.As(err, &bad) || bad.Verdict != controlloop.VerdictRetained {
		t.Errorf("%v", err)
	}
}
