package house

import "time"

const kWh = 3.6e6 // J

// Preset gives a room by its name: timber, massive, panel, radiator,
// refrigerator or fermenter. Where a number is not published, the comment beside
// it says how it was had. The weather is chosen: a winter's day, or for the last
// two what surrounds them indoors.
func Preset(name string) (PhysicalParams, bool) {
	switch name {
	case "timber":
		return timber(), true
	case "massive":
		return massive(), true
	case "panel":
		return panel(), true
	case "radiator":
		return radiator(), true
	case "refrigerator":
		return refrigerator(), true
	case "fermenter":
		return fermenter(), true
	}
	return PhysicalParams{}, false
}

// Presets are the names that [Preset] knows.
func Presets() []string {
	return []string{"timber", "massive", "panel", "radiator", "refrigerator", "fermenter"}
}

// never is a resistance through which hardly any heat goes, K/W.
const never = 1e4

// timber is the FlexHouse, a light timber building of 120 m² with electric
// heaters, as Bacher and Madsen 2011 identified it (Energy and Buildings 43(7),
// 1511-1522; the model of interior, envelope, heaters and sensor): Ci 0.143, Ce
// 3.24, Ch 0.321, Cs 0.619 kWh/K; Rie 0.909, Rea 4.47, Rih 0.383, Ris 0.115
// K/kW; window 6.03 m². Derived: Cs follows the interior within 4 minutes and
// is more than a sensor, so that it counts as interior; the probe's lag is
// chosen. The heaters of the experiment had 5 kW.
func timber() PhysicalParams {
	return PhysicalParams{
		AirCapacity: (0.143 + 0.619) * kWh, MassCapacity: 3.24 * kWh,
		AirToMass: 0.909e-3, AirToOutdoor: never, MassToOutdoor: 4.47e-3, // that model has no loss past the envelope
		HeaterPower: 5000, CoolerPower: 3000,
		Heater:  Emitter{Capacity: 0.321 * kWh, ToRoom: 0.383e-3}, // 7.4 minutes
		Outdoor: 3, OutdoorSwing: 4, Aperture: 6.03, SunToAir: 1, Sun: 200,
		SensorLag: time.Minute, Start: 19,
	}
}

// massive is the day zone of a detached house built after 2005 with the
// insulation of its time, in the two-zone model of Reynders 2015 (Quantifying the impact of building design on the potential
// of structural storage for active demand response in residential buildings, KU Leuven; variant SFH D 5
// ins of its table of parameters): Ci 2.430, Cw 20.25, Cwi 26.18, Cfl 12.14
// MJ/K; hw 348.3, hwi 693.8, hfl 469.7, inf 170.0, Uw 32.8, Ufl 21.5 W/K.
// Derived: outer and inner walls are one mass; the floor, which is what is heated here, takes 7.2 hours, and its
// loss to the ground counts with the walls'; the zone upstairs is left out. The power is chosen for -10 °C.
func massive() PhysicalParams {
	return PhysicalParams{
		AirCapacity: 2.430e6, MassCapacity: 20.25e6 + 26.18e6,
		AirToMass: 1 / (348.3 + 693.8), AirToOutdoor: 1 / 170.0, MassToOutdoor: 1 / (32.8 + 21.5),
		HeaterPower: 8000, CoolerPower: 3000,
		Heater:  Emitter{Capacity: 12.14e6, ToRoom: 1 / 469.7},
		Outdoor: 3, OutdoorSwing: 4, Aperture: 4, Sun: 200, // of the window nothing is published there: chosen
		SensorLag: time.Minute, Start: 19,
	}
}

// panel is [DefaultRoom] with an electric panel that has the lag of the FlexHouse's heaters (timber, above): their
// capacity and resistance, scaled from 5 kW to 1.5 kW.
func panel() PhysicalParams {
	p := DefaultRoom()
	p.Heater = Emitter{Capacity: 0.321 * kWh * 1.5 / 5, ToRoom: 0.383e-3 * 5 / 1.5}
	p.Sun, p.Start = 200, 19
	return p
}

// radiator is [DefaultRoom] with a water radiator of 0.0038 kg of water and 0.018 kg of steel for each W at 50 K above
// the room, a third (0.35) of it by radiation: the defaults of the radiator after EN 442-2 in the IDEAS library (KU Leuven,
// from a manufacturer's catalogue of 2011). Derived: 36.8 kJ/K and 30 W/K are 20 minutes.
func radiator() PhysicalParams {
	p := DefaultRoom()
	const watt = 1500
	p.FloorShare = 0.35
	p.Heater = Emitter{Capacity: watt * (0.0038*4186 + 0.018*480), ToRoom: 50.0 / watt}
	p.Sun, p.Start = 200, 19
	return p
}

// refrigerator has the resistance and capacity of a full household refrigerator
// as Mathieu, Koch and Callaway 2013 give them (State estimation and control of
// electric loads to manage real-time energy imbalance, IEEE Transactions on
// Power Systems 28(1), 430-440, table of parameters): 80 to 100 K/kW, 0.4 to 0.8
// kWh/K, of which the middle is taken, 20 °C around it; 150 W, within their
// range, at their coefficient of performance of 2 take 300 W. Chosen: the air
// with shelves and walls' skin 20 kJ/K, 30 W/K between it and the food (by which
// the food follows the kitchen in 74 hours and not in 54), and an evaporator of
// 5 kJ/K and 15 W/K, which lags by some minutes.
func refrigerator() PhysicalParams {
	return PhysicalParams{
		AirCapacity: 20e3, MassCapacity: 0.6 * kWh,
		AirToMass: 1 / 30.0, AirToOutdoor: 90e-3, MassToOutdoor: never,
		HeaterPower: 100, CoolerPower: 150 * 2,
		Cooler:  Emitter{Capacity: 5e3, ToRoom: 1 / 15.0},
		Outdoor: 20, OutdoorSwing: 2,
		SensorLag: time.Minute, Start: 6,
	}
}

// fermenter is 20 l of beer in a refrigerator of 200 l with a heater, after the
// simulation with which the BrewPi firmware is tested (Jacobs, BrewPi 0.5, test
// SimulationTest): beer 84, air 0.246, wall 5, heater 1 kJ/K; air to beer and to
// the wall 3.33, heater to air 33.3, wall to the surroundings 1 W/K; heater and
// cooler 100 W. The source calls wall and heater guesses. Derived: the wall is
// the cooler's body, and the way through it to the surroundings is 0.77 W/K. The
// sensor hangs in the beer. The heat of fermentation is left out.
func fermenter() PhysicalParams {
	return PhysicalParams{
		AirCapacity: 246, MassCapacity: 84e3,
		AirToMass: 0.3, AirToOutdoor: 1 + 0.3, MassToOutdoor: never,
		HeaterPower: 100, CoolerPower: 100,
		Heater:  Emitter{Capacity: 1e3, ToRoom: 0.03},
		Cooler:  Emitter{Capacity: 5e3, ToRoom: 0.3},
		Outdoor: 17, OutdoorSwing: 3,
		SensorLag: time.Minute, Place: Place{Mass: 1}, HoldsMass: true, Start: 18,
	}
}

// Places are the names that [PlaceOf] knows.
func Places() []string { return []string{"air", "wall", "window", "heater"} }

// PlaceOf gives a place of the sensor by its name: air, wall, window or heater.
// The shares are chosen: a probe on a wall feels it for a third, one in the
// draught of a window the outdoors for a tenth, one beside a heater its body for
// a tenth.
func PlaceOf(name string) (Place, bool) {
	switch name {
	case "air":
		return Place{}, true
	case "wall":
		return Place{Mass: 1.0 / 3}, true
	case "window":
		return Place{Outdoor: 0.1}, true
	case "heater":
		return Place{Heater: 0.1}, true
	}
	return Place{}, false
}
