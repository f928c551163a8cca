package setpoint

// AwayAnswer says what became of the word that people go away, or come back.
type AwayAnswer struct {
	Applied bool              `json:"applied"` // every zone that has a part in it obeys
	Reason  string            `json:"reason"`  // why no zone has
	Zones   map[string]Answer `json:"zones"`   // of those that have, by name
}
