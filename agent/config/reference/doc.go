// Package reference tells the keys of the configuration to people and to editors:
// as the tables of docs/configuration.md and docs/devices.md, and as a JSON Schema.
package reference
