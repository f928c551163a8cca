package homeassistant

// Announced is a device that Home Assistant was told of, and a zone whose
// retained topics the broker has.
type Announced struct {
	Discovery string `json:"discovery"` // first part of its config topic; empty: Home Assistant was not told
	Zone      string `json:"zone"`      // empty: the agent's own device
}
