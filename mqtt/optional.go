package mqtt

import "time"

// optional are the topics that access rules of an older version do not know: programs and
// set/away. A broker that does not allow them is no fault; one that even ends the
// connection over them has a connection without, now and then.
type optional struct {
	asked bool // on this connection
	since time.Time
	asks  int // connections in a row without all answers
	open  int // subscriptions that are not answered
}

// maxAsks is how often in a row a broker is asked that ends the connection instead.
const maxAsks = 3

// askAgain is how long a connection without them lasts before they are asked for again:
// that several ended in a row may have had other reasons.
const askAgain = time.Hour

// connected begins a connection.
func (o *optional) connected(now time.Time) {
	o.open, o.since = 0, now
	if o.asked = o.asks < maxAsks; o.asked {
		o.asks++
	} else {
		o.asks = maxAsks - 1 // the next one is asked once
	}
}

// due reports whether they are to be asked for now, on a connection that has lasted without.
func (o *optional) due(now time.Time) bool {
	if o.asked || now.Sub(o.since) < askAgain {
		return false
	}
	o.asked, o.asks = true, maxAsks
	return true
}

// ask notes a subscription, and gives what is to be called when the broker has answered
// it, whatever it says.
func (o *optional) ask() (answered func()) {
	o.open++
	return func() {
		if o.open--; o.open == 0 {
			o.asks = 0
		}
	}
}
