package w1

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"periph.io/x/conn/v3/onewire"
)

// Each program's spelling of any chip is the kernel's again.
func TestEverySpellingOfAnIDIsTheKernels(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		rom := []byte{[]byte{0x28, 0x10, 0x22, 0x3b, 0x42}[rng.IntN(5)], 0, 0, 0, 0, 0, 0, 0}
		for i := 1; i < 7; i++ {
			rom[i] = byte(rng.Uint32())
		}
		rom[7] = onewire.CalcCRC(rom[:7])
		id := fmt.Sprintf("%02x-%02x%02x%02x%02x%02x%02x", rom[0], rom[6], rom[5], rom[4], rom[3], rom[2], rom[1])
		number := fmt.Sprintf("0x%02x%02x%02x%02x%02x%02x%02x%02x", rom[7], rom[6], rom[5], rom[4], rom[3], rom[2], rom[1], rom[0])
		wire := strings.Fields(fmt.Sprintf("% X", rom))
		for program, text := range map[string]string{
			"capitals":         strings.ToUpper(id),
			"a path":           "/sys/bus/w1/devices/" + id,
			"OWFS":             fmt.Sprintf("%02X.%X", rom[0], rom[1:7]),
			"OWFS, checksum":   fmt.Sprintf("%02X.%X%02X", rom[0], rom[1:7], rom[7]),
			"ESPHome":          number,
			"ESPHome, capital": strings.ToUpper(number[2:]),
			"Arduino":          strings.Join(wire, "-"),
			"Arduino, colons":  strings.Join(wire, ":"),
			"Arduino, short":   strings.Join(wire[:7], ":"),
		} {
			if back := reversed(rom); program == "ESPHome, capital" && onewire.CheckCRC(back) {
				continue // reads both ways
			}
			if got, note := Spell(text); got != id {
				t.Errorf("%s: %s is %q (%s), want %s", program, text, got, note, id)
			}
		}
	}
}

func TestWhatIsNoIDIsNotSpelled(t *testing.T) {
	for _, text := range []string{"", "28", "28-0316a2795", "28-0316a2795bfg", "kitchen", "28-0316a2795bff00112233", "0x", "-", "/", "😀"} {
		if id, note := Spell(text); id != "" {
			t.Errorf("%q: %q %q", text, id, note)
		}
	}
}
