// Package program is the week of a zone: a text such as
//
//	mon-fri 06:00 comfort, 22:30 sleep; sat,sun 08:00 comfort, 23:00 sleep
//
// the instants at which its transitions happen on the clocks of a place, and the
// one that is in force. It knows neither zones nor the clock: it is told what time it is.
package program
