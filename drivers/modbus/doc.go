// Package modbus switches the relays of Modbus RTU boards on a serial line. A board
// that knows flash-on holds a lease: it opens its contact by itself once nobody has
// told it to stay on for so long, whatever has died above it. Nothing but a command
// that was demanded a moment ago closes a contact: no answer, be it garbled, late or
// another board's, makes one be sent.
package modbus
