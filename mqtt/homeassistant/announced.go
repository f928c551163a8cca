package homeassistant

// Announced is a device that was announced to Home Assistant, and a zone whose
// retained topics the broker has.
type Announced struct {
	Discovery string `json:"discovery"` // first part of its config topic; empty: it was not announced there
	Zone      string `json:"zone"`      // empty: the agent's own device
}
