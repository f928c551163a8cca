package chips

import "math"

// The calibration of a part. Temperature and pressure are the example of the
// BMP280's datasheet (BST-BMP280-DS001, chapter 3.12), whose formulas the
// BME280 shares; humidity is in the usual range of a BME280.
const (
	digT1 = 27504
	digT2 = 26435
	digT3 = -1000
	digP1 = 36477
	digP2 = -10685
	digP3 = 3024
	digP4 = 2855
	digP5 = 140
	digP6 = -7
	digP7 = 15500
	digP8 = -14600
	digP9 = 6000
	digH1 = 75
	digH2 = 365
	digH3 = 0
	digH4 = 320
	digH5 = 50
	digH6 = 30
)

// calibrationRegister is a calibration register, 0 for any other (table 16 of
// the datasheet says where each number is).
func calibrationRegister(r byte) byte {
	switch {
	case r == bmeCalib25:
		return digH1
	case r >= bmeCalib00 && r < bmeCalib25-1:
		words := [...]int{digT1, digT2, digT3, digP1, digP2, digP3, digP4, digP5, digP6, digP7, digP8, digP9}
		i := r - bmeCalib00
		return byte(words[i/2] >> (8 * (i % 2)))
	case r >= bmeCalib26 && r < bmeCalib26+7:
		// H4 and H5 have 12 bits each and share the byte in the middle.
		return [...]byte{digH2 & 0xff, digH2 >> 8, digH3, digH4 >> 4, digH4&0xf | digH5&0xf<<4, digH5 >> 4, digH6}[r-bmeCalib26]
	}
	return 0
}

// measure is the content of the data registers in some weather. A channel that
// is off keeps its reset value.
func (s sampling) measure(w weather) [8]byte {
	data := resetData()
	fine := w.celsius * 5120 // the unit of temperature in the datasheet's formulas
	if s.temperature != 0 {
		putRaw20(data[3:], rawTemperature(fine), s.temperature)
	}
	if s.pressure != 0 {
		putRaw20(data[:], rawPressure(fine, w.pascal), s.pressure)
	}
	if s.humidity != 0 {
		raw := clampRound(rawHumidity(fine, w.humidity), 1, 0xffff)
		data[6], data[7] = byte(raw>>8), byte(raw)
	}
	return data
}

// putRaw20 stores a 20-bit reading. The resolution is 16 bits and one more for
// each doubling of the samples (chapters 3.4.2 and 3.4.3).
func putRaw20(p []byte, value float64, code byte) {
	step := 1 << (5 - min(code, 5))
	raw := clampRound(value, step, 0xfffff)
	p[0], p[1], p[2] = byte(raw>>12), byte(raw>>4), byte(raw<<4)
}

// clampRound is the multiple of step nearest to a value, within 0 and largest.
func clampRound(value float64, step, largest int) int {
	raw := int(math.Round(value/float64(step))) * step
	return min(max(raw, 0), largest&^(step-1))
}

// The three functions below turn the datasheet's compensation (chapter 4.2.3)
// around. It is quadratic in each raw reading, so each is a root of
// a·x² + b·x + c.

// rawTemperature is the reading for a temperature. With d = raw/16 - T1 the
// compensation is fine = T2·d/2^10 + T3·d²/2^26.
func rawTemperature(fine float64) float64 {
	d := root(float64(digT3)/(1<<26), float64(digT2)/(1<<10), -fine)
	return 16 * (d + digT1)
}

// rawPressure is the reading for a pressure at a temperature.
func rawPressure(fine, pascal float64) float64 {
	v := fine/2 - 64000
	offset := v*v*digP6/(1<<29) + v*digP5/(1<<13) + float64(digP4)*(1<<4)
	gain := (1 + (digP3*v*v/(1<<19)+digP2*v)/(1<<34)) * digP1
	// With q the pressure before the last step, the compensation is
	// q + (P9·q²/2^31 + P8·q/2^15 + P7)/16.
	q := root(float64(digP9)/(1<<35), 1+float64(digP8)/(1<<19), float64(digP7)/16-pascal)
	return 1<<20 - q*gain/6250 - offset
}

// rawHumidity is the reading for a relative humidity at a temperature.
func rawHumidity(fine, percent float64) float64 {
	v := fine - 76800
	offset := float64(digH4)*(1<<6) + float64(digH5)/(1<<14)*v
	gain := float64(digH2) / (1 << 16) * (1 + float64(digH6)/(1<<26)*v*(1+float64(digH3)/(1<<26)*v))
	// With q the humidity before the last step, the compensation is
	// q - H1·q²/2^19.
	q := root(-float64(digH1)/(1<<19), 1, -percent)
	return q/gain + offset
}

// root is the root of a·x² + b·x + c that -c/b becomes as a goes to 0.
func root(a, b, c float64) float64 {
	return -2 * c / (b + math.Sqrt(b*b-4*a*c))
}
