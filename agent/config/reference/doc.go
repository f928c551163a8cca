// Package reference tells the keys of the configuration to editors, as a JSON Schema,
// and to people: its test makes the tables of docs/configuration.md and docs/devices.md.
package reference
