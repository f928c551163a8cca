package w1

import (
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"strings"

	"periph.io/x/conn/v3/onewire"
)

// serialNumber is an id of a right form with whatever number of digits.
var serialNumber = regexp.MustCompile(`^(?:10|22|28|3b|42)-([0-9a-f]{1,11}|[0-9a-f]{13,32})$`)

// Better says how an id is written right that another program spells otherwise;
// empty where that is not known.
func Better(text string) string {
	if m := serialNumber.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("12 digits behind the dash, here are %d", len(m[1]))
	}
	id, note := Spell(text)
	if FamilyOf(id).Code == "" {
		return ""
	}
	if note != "" {
		id += " (yours is written " + note + ")"
	}
	return id
}

// Spell gives the kernel's spelling of a 1-Wire id that is written as another
// program writes it, such as 28-0316a2795bff: the family, and the number with
// its last byte first. Note says of which program, and what is in doubt. Id is
// empty where the text is no id.
func Spell(text string) (id, note string) {
	text = strings.ToLower(path.Base(strings.TrimSpace(text)))
	number, esphome := strings.CutPrefix(text, "0x")
	dot := strings.Contains(number, ".")
	parts := strings.FieldsFunc(number, func(c rune) bool { return strings.ContainsRune("-.:_ ,", c) })
	rom, err := hex.DecodeString(strings.Join(parts, ""))
	if err != nil {
		return "", ""
	}
	switch len(rom) {
	case 6:
		return fmt.Sprintf("28-%x", rom), "without its family"
	case 7:
		if !dot && len(parts) <= 2 {
			return fmt.Sprintf("%02x-%x", rom[0], rom[1:]), ""
		}
		return kernelID(rom), fmt.Sprintf("with its bytes in the order of OWFS; if probe lists none of that name, %02x-%x", rom[0], rom[1:])
	case 8:
		return romID(rom, esphome)
	}
	return "", ""
}

// romID is for the eight bytes with their checksum: ESPHome writes them as a
// number, checksum first, Arduino in the order on the wire, checksum last.
func romID(rom []byte, number bool) (id, note string) {
	back := reversed(rom)
	switch soundBack, sound := onewire.CheckCRC(back), onewire.CheckCRC(rom); {
	case soundBack && (number || !sound): // one in 256 is sound both ways
		return kernelID(back), "as a number with its checksum, as ESPHome does"
	case sound && !number:
		return kernelID(rom), "with its checksum, as Arduino's programs do"
	case number:
		return kernelID(back), "as a number, as ESPHome does; its checksum does not fit, so look for a typing error"
	}
	return kernelID(rom), "with a checksum, which does not fit, so look for a typing error"
}

// kernelID takes the bytes in the order on the wire: family, number, checksum.
func kernelID(rom []byte) string {
	return fmt.Sprintf("%02x-%x", rom[0], reversed(rom[1:7]))
}

func reversed(b []byte) []byte {
	out := make([]byte, len(b))
	for i, x := range b {
		out[len(b)-1-i] = x
	}
	return out
}
