package homeassistant

import "thermostat/mqtt/wire"

// Announced is a device that was announced to Home Assistant: a zone's, a source's, or with
// neither the agent's own. The broker has retained topics of the first two.
type Announced struct {
	Discovery string `json:"discovery"` // first part of its config topic; empty: it was not announced there
	Zone      string `json:"zone"`
	Source    string `json:"source,omitempty"`
}

// Anywhere is the same whatever the discovery prefix is.
func (a Announced) Anywhere() Announced {
	a.Discovery = ""
	return a
}

// Retained are the topics that tell of it and are to be wiped when it is no more. A zone's
// control stays: somebody set it, and it counts again when the zone comes back.
func (a Announced) Retained(t wire.Topics) []string {
	switch {
	case a.Zone != "":
		return []string{t.State(a.Zone), t.Heater(a.Zone), t.Cooler(a.Zone)}
	case a.Source != "":
		return []string{t.Source(a.Source)}
	}
	return nil
}
