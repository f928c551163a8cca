// Package comfort chooses what a zone aims at: it makes of the program, of what
// somebody said and of the time one target for the law. It is pure, and evaluated
// anew at every tick; the law alone decides what a relay does.
package comfort
