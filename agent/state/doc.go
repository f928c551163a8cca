// Package state is the state folder: what an agent remembers of its zones.
package state
