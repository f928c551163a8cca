package chips

// crc8 is the checksum of 1-Wire ROM codes and scratchpads: x⁸+x⁵+x⁴+1, least
// significant bit first (Maxim application note 27).
func crc8(p []byte) byte {
	const polynomial = 0x8c
	var crc byte
	for _, b := range p {
		crc ^= b
		for range 8 {
			carry := crc & 1
			crc >>= 1
			if carry != 0 {
				crc ^= polynomial
			}
		}
	}
	return crc
}

// bitOf is bit i of p, least significant bit first, as it goes over the wire.
func bitOf(p []byte, i int) bool {
	return p[i/8]>>(i%8)&1 != 0
}
