package device

import (
	"log/slog"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// slowSubscriber is a connection that is ending: what is asked waits there, as in
// paho, which hands requests to a goroutine that may be gone.
type slowSubscriber struct {
	paho.Client
	gone chan struct{}
}

func (s slowSubscriber) IsConnectionOpen() bool { return false }
func (s slowSubscriber) Subscribe(string, byte, paho.MessageHandler) paho.Token {
	<-s.gone
	runtime.Goexit() // whoever asked waits no longer
	return nil
}

// A subscription that waits for a connection which ends holds up nothing: the
// session hears of the end at once.
func TestASubscriptionThatWaitsHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewGroup(slog.New(slog.DiscardHandler))
		d.Sensor(SensorSpec{Topic: "room/t"})
		s := slowSubscriber{gone: make(chan struct{})}
		ended := make(chan time.Time, 1)
		began := time.Now()
		d.Connected(s, func() {})
		synctest.Wait() // the question waits
		go func() {
			d.Disconnected()
			ended <- time.Now()
		}()
		go func() {
			time.Sleep(30 * time.Second)
			close(s.gone)
		}()
		if at := <-ended; !at.Equal(began) {
			t.Errorf("the end was heard after %v", at.Sub(began))
		}
		time.Sleep(time.Minute)
	})
}
