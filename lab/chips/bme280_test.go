package chips

import (
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// compensation is the datasheet's floating point compensation (BME280 chapter
// 8.1), step by step, on calibration and data read over the bus.
type compensation struct {
	t     [3]float64
	p     [9]float64
	h     [6]float64
	tFine float64
}

// readCompensation reads the calibration as table 16 of the datasheet lays it
// out.
func readCompensation(t *testing.T, c *BME280) compensation {
	a := readRegisters(t, c, 0x88, 0xa1-0x88+1)
	b := readRegisters(t, c, 0xe1, 7)
	u16 := func(i int) float64 { return float64(uint16(a[i]) | uint16(a[i+1])<<8) }
	s16 := func(p []byte, i int) float64 { return float64(int16(uint16(p[i]) | uint16(p[i+1])<<8)) }
	var k compensation
	k.t = [3]float64{u16(0), s16(a, 2), s16(a, 4)}
	k.p[0] = u16(6)
	for i := 1; i < 9; i++ {
		k.p[i] = s16(a, 6+2*i)
	}
	k.h = [6]float64{
		float64(a[25]), s16(b, 0), float64(b[2]),
		float64(int16(int8(b[3]))<<4 | int16(b[4]&0x0f)),
		float64(int16(int8(b[5]))<<4 | int16(b[4]>>4)),
		float64(int8(b[6])),
	}
	return k
}

func (k *compensation) temperature(adc float64) float64 {
	var1 := (adc/16384 - k.t[0]/1024) * k.t[1]
	var2 := (adc/131072 - k.t[0]/8192) * (adc/131072 - k.t[0]/8192) * k.t[2]
	k.tFine = var1 + var2
	return k.tFine / 5120
}

func (k *compensation) pressure(adc float64) float64 {
	var1 := k.tFine/2 - 64000
	var2 := var1 * var1 * k.p[5] / 32768
	var2 += var1 * k.p[4] * 2
	var2 = var2/4 + k.p[3]*65536
	var1 = (k.p[2]*var1*var1/524288 + k.p[1]*var1) / 524288
	var1 = (1 + var1/32768) * k.p[0]
	p := 1048576 - adc
	p = (p - var2/4096) * 6250 / var1
	var1 = k.p[8] * p * p / 2147483648
	var2 = p * k.p[7] / 32768
	return p + (var1+var2+k.p[6])/16
}

func (k *compensation) humidity(adc float64) float64 {
	h := k.tFine - 76800
	h = (adc - (k.h[3]*64 + k.h[4]/16384*h)) * (k.h[1] / 65536 * (1 + k.h[5]/67108864*h*(1+k.h[2]/67108864*h)))
	h *= 1 - k.h[0]*h/524288
	return max(0, min(h, 100))
}

// The formula above gives the datasheet's own example (BMP280 chapter 3.12).
func TestTheFormulaGivesTheDatasheetsExample(t *testing.T) {
	k := readCompensation(t, NewBME280())
	if got := k.temperature(519888); math.Abs(got-25.08) > 0.005 {
		t.Errorf("temperature %v", got)
	}
	if got := k.pressure(415148); math.Abs(got-100653.27) > 0.5 {
		t.Errorf("pressure %v", got)
	}
}

func transfer(t *testing.T, d Device, msgs ...Msg) {
	t.Helper()
	if err := d.Transfer(msgs); err != nil {
		t.Fatal(err)
	}
}

func readRegisters(t *testing.T, c *BME280, first byte, n int) []byte {
	t.Helper()
	p := make([]byte, n)
	transfer(t, c, Msg{Data: []byte{first}}, Msg{Read: true, Data: p})
	return p
}

// force starts a measurement with an oversampling code for all channels.
func force(t *testing.T, c *BME280, code byte) {
	t.Helper()
	transfer(t, c, Msg{Data: []byte{0xf2, code, 0xf4, code<<5 | code<<2 | 1}})
}

// climate is a measurement as a driver computes it.
func climate(t *testing.T, c *BME280) weather {
	t.Helper()
	k, d := readCompensation(t, c), readRegisters(t, c, 0xf7, 8)
	raw := func(i int) float64 { return float64(int(d[i])<<12 | int(d[i+1])<<4 | int(d[i+2])>>4) }
	celsius := k.temperature(raw(3))
	return weather{celsius: celsius, pascal: k.pressure(raw(0)), humidity: k.humidity(float64(int(d[6])<<8 | int(d[7])))}
}

func TestBME280ReadsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, celsius := range []float64{-40, -10.125, 0, 21.5, 60, 85} {
			for _, code := range []byte{1, 2, 3, 4, 5, 7} {
				for _, humidity := range []float64{5, 45.5, 95} {
					c := NewBME280()
					c.Set(celsius, humidity, 98765)
					force(t, c, code)
					time.Sleep(time.Second)
					got := climate(t, c)
					if math.Abs(got.celsius-celsius) > 0.01 || math.Abs(got.humidity-humidity) > 0.05 || math.Abs(got.pascal-98765) > 3 {
						t.Errorf("%v °C %v %% 98765 Pa, code %d: read %+v", celsius, humidity, code, got)
					}
				}
			}
		}
	})
}

func TestBME280MeasurementTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewBME280()
		c.Set(30, 50, 100000)
		force(t, c, 3)
		// Chapter 9.1: 1 + 2·4 + 2·4 + 0.5 + 2·4 + 0.5 ms.
		time.Sleep(26*time.Millisecond - time.Nanosecond)
		if got := readRegisters(t, c, 0xf3, 1)[0]; got != 8 {
			t.Errorf("status %#x while it measures", got)
		}
		if got := readRegisters(t, c, 0xfa, 1)[0]; got != 0x80 {
			t.Error("data before the measurement is ready")
		}
		time.Sleep(time.Nanosecond)
		// The data stay what they are while no other measurement has begun.
		c.Set(10, 50, 100000)
		if got := readRegisters(t, c, 0xf3, 2); got[0] != 0 || got[1]&3 != 0 {
			t.Errorf("status %#x, ctrl_meas %#x after it", got[0], got[1])
		}
		if got := climate(t, c); math.Abs(got.celsius-30) > 0.01 {
			t.Errorf("%v °C, want the 30 of the measurement", got.celsius)
		}
	})
}

func TestABME280InNormalModeMeasuresAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewBME280()
		transfer(t, c, Msg{Data: []byte{0xf2, 1, 0xf4, 1<<5 | 1<<2 | 3}})
		for _, celsius := range []float64{12, 24} {
			c.Set(celsius, 50, 100000)
			time.Sleep(time.Second)
			if got := climate(t, c); math.Abs(got.celsius-celsius) > 0.01 {
				t.Errorf("%v °C, want %v", got.celsius, celsius)
			}
		}
	})
}

// A channel that is off keeps its reset value, and ctrl_hum counts only from
// the next write to ctrl_meas on.
func TestAChannelThatIsOffKeepsItsResetValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewBME280()
		transfer(t, c, Msg{Data: []byte{0xf4, 1<<5 | 1, 0xf2, 1}})
		time.Sleep(time.Second)
		d := readRegisters(t, c, 0xf7, 8)
		if d[0] != 0x80 || d[3] == 0x80 && d[4] == 0 || d[6] != 0x80 || d[7] != 0 {
			t.Errorf("data %x", d)
		}
	})
}

func TestEachFaultOfABME280ShowsAndHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewBME280()
		c.Set(25, 50, 100000)
		force(t, c, 1)
		time.Sleep(time.Second)
		good := [8]byte(readRegisters(t, c, 0xf7, 8))
		reset := [8]byte{0x80, 0, 0, 0x80, 0, 0, 0x80, 0}
		if good == reset {
			t.Fatal("no measurement")
		}

		c.Break(WrongID)
		if got := readRegisters(t, c, 0xd0, 1)[0]; got != 0x61 {
			t.Errorf("wrong id %#x", got)
		}
		c.Break(IsBMP280)
		if got := readRegisters(t, c, 0xd0, 1)[0]; got != 0x58 {
			t.Errorf("BMP280's id %#x", got)
		}
		if got := readRegisters(t, c, 0xf7, 8); got[3] != good[3] || got[6] != 0 || got[7] != 0 {
			t.Errorf("BMP280's data %x", got)
		}
		c.Break(ResetData)
		force(t, c, 1)
		time.Sleep(time.Second)
		if got := [8]byte(readRegisters(t, c, 0xf7, 8)); got != reset {
			t.Errorf("reset data %x", got)
		}
		c.Break(StuckBusy)
		c.Set(30, 50, 100000)
		force(t, c, 1)
		time.Sleep(time.Hour)
		if got := [8]byte(readRegisters(t, c, 0xf7, 8)); got != good {
			t.Errorf("data %x of a measurement that does not end", got)
		}
		c.Set(25, 50, 100000)
		if got := readRegisters(t, c, 0xf3, 1)[0]; got&8 == 0 {
			t.Error("not busy")
		}
		c.Break(NoCalibration)
		if got := readRegisters(t, c, 0x88, 2); got[0] != 0 || got[1] != 0 {
			t.Errorf("t1 %x", got)
		}
		c.Break(BusError)
		if c.Transfer([]Msg{{Data: []byte{0xd0}}}) == nil {
			t.Error("acknowledged")
		}
		c.Break(NoFault)
		if got := readRegisters(t, c, 0xd0, 1)[0]; got != 0x60 {
			t.Errorf("id %#x", got)
		}
		if got := readRegisters(t, c, 0xf3, 1)[0]; got != 0 {
			t.Errorf("status %#x", got)
		}
		if got := [8]byte(readRegisters(t, c, 0xf7, 8)); got != good {
			t.Errorf("data %x, want %x", got, good)
		}
	})
}

func TestAResetBME280LosesSettingsAndDataAndWorksOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, reset := range map[string]func(*BME280){
			"brown-out": func(c *BME280) { c.Break(BrownOut) },
			"command":   func(c *BME280) { transfer(t, c, Msg{Data: []byte{0xe0, 0xb6}}) },
		} {
			c := NewBME280()
			transfer(t, c, Msg{Data: []byte{0xf5, 0xa0}})
			force(t, c, 1)
			time.Sleep(time.Second)
			reset(c)
			if got := readRegisters(t, c, 0xf2, 4); got[0]|got[1]|got[2]|got[3] != 0 {
				t.Errorf("%s: control registers %x", name, got)
			}
			if got := [8]byte(readRegisters(t, c, 0xf7, 8)); got != resetData() {
				t.Errorf("%s: data %x", name, got)
			}
			// It works on, but humidity is off until a driver sets it up again.
			transfer(t, c, Msg{Data: []byte{0xf4, 1<<5 | 1<<2 | 1}})
			time.Sleep(time.Second)
			if got := climate(t, c); math.Abs(got.celsius-20) > 0.01 {
				t.Errorf("%s: %v °C afterwards", name, got.celsius)
			}
			if got := readRegisters(t, c, 0xfd, 2); got[0] != 0x80 || got[1] != 0 {
				t.Errorf("%s: humidity %x afterwards", name, got)
			}
		}
	})
}
