// The devices: how each names itself on the radio, what it says, and what is
// said to it. A report's `is` is the temperature that it measured, in °C.
const HA = 0x0104;

const temperature = (celsius, more) => ({cluster: "msTemperatureMeasurement", report: {measuredValue: Math.round(celsius * 100)}, is: celsius, ...more});
const humidity = (percent, more) => ({cluster: "msRelativeHumidity", report: {measuredValue: Math.round(percent * 100)}, ...more});
const battery = (percent, more) => ({cluster: "genPowerCfg", report: {batteryPercentageRemaining: percent * 2}, ...more});
const onOff = (on, more) => ({cluster: "genOnOff", report: {onOff: on ? 1 : 0}, ...more});
const thermostat = (report, more) => ({cluster: "hvacThermostat", report, ...more});

// A Tuya device speaks of numbered points: 1 boolean, 2 number, 4 one of a list.
const tuya = (points, more) => ({
    cluster: "manuSpecificTuya",
    command: "dataReport",
    payload: {
        seq: 1,
        dpValues: points.map(([dp, datatype, value]) => ({dp, datatype, data: datatype === 2 ? [0, 0, value >> 8, value & 255] : [value]})),
    },
    ...more,
});

const measures = ["genBasic", "genPowerCfg", "msTemperatureMeasurement", "msRelativeHumidity"];

const sensors = [
    {
        file: "aqara-wsdcgq11lm", modelId: "lumi.weather", manufName: "LUMI", manufId: 0x115f, has1: [...measures, "msPressureMeasurement"],
        says: [
            temperature(21.53), humidity(48.61), {cluster: "msPressureMeasurement", report: {measuredValue: 1004, 20: [0x28, -1], 16: [0x29, 10042]}},
            // Its hourly word of everything: battery 2.985 V, 21.60 °C, 48.70 %, 100410 Pa.
            {cluster: "genBasic", bytes: "1c 5f11 2a 0a 01ff 42 20 0121a90b 0421a813 052101 00 0624 0100000000 642970 08 652106 13 662b 3a880100 0a210000", is: 21.6},
            // A sensor that has frozen through: the converter leaves out what it cannot have measured.
            temperature(-100, {is: null}),
        ],
    },
    {
        file: "sonoff-snzb-02", modelId: "TH01", manufName: "eWeLink", has1: measures,
        says: [battery(97), humidity(50.2), temperature(20.94), {cluster: "genPowerCfg", report: {batteryVoltage: 30}}],
    },
    {
        file: "sonoff-snzb-02d", modelId: "SNZB-02D", manufName: "SONOFF", manufId: 0x1286, endpoints: {1: {in: [...measures, 0xfc11], out: ["genOta"]}},
        says: [temperature(20.2), {cluster: "customSonoffSnzb02d", report: {temperatureUnits: 1}}, temperature(20.3), {cluster: "customSonoffSnzb02d", report: {temperatureUnits: 0}}],
    },
    {
        file: "ikea-e2112", modelId: "VINDSTYRKA", manufName: "IKEA of Sweden", manufId: 0x117c, type: "Router", has1: [...measures, 0x042a, 0xfc7e],
        says: [temperature(22), humidity(41), {cluster: "pm25Measurement", report: {measuredValue: 7}}],
    },
    {
        file: "philips-9290012607", modelId: "SML001", manufName: "Philips", manufId: 0x100b,
        endpoints: {1: {in: ["genBasic"], out: ["genOnOff"]}, 2: {in: ["genBasic", "genPowerCfg", "msIlluminanceMeasurement", "msTemperatureMeasurement", "msOccupancySensing"]}},
        says: [{endpoint: 2, cluster: "msOccupancySensing", report: {occupancy: 1}}, temperature(19.42, {endpoint: 2}), {endpoint: 2, cluster: "msIlluminanceMeasurement", report: {measuredValue: 12000}}],
    },
    {
        file: "tuya-ts0201", modelId: "TS0201", manufName: "_TZ3000_0s1izerx", manufId: 0x1141, has1: measures,
        says: [temperature(23.1), humidity(5.5), battery(88)],
    },
    {
        file: "tuya-zth05", modelId: "TS0601", manufName: "_TZE200_upagmta9", manufId: 0x1002, has1: ["genBasic", "manuSpecificTuya"],
        says: [tuya([[1, 2, 215]], {is: 21.5}), tuya([[2, 2, 44]]), tuya([[3, 4, 2]]), tuya([[9, 4, 0]]), tuya([[1, 2, 216]], {is: 21.6}), tuya([[9, 4, 1]])],
    },
    {
        file: "tuya-tz-zt01", modelId: "TS0601", manufName: "_TZE284_8se38w3c", manufId: 0x1002, has1: ["genBasic", "manuSpecificTuya"],
        says: [tuya([[1, 2, 201]], {is: 20.1}), tuya([[38, 2, 352]]), tuya([[2, 2, 51]])],
    },
    {
        file: "third-reality-3rths24bz", modelId: "3RTHS24BZ", manufName: "Third Reality, Inc", manufId: 0x1407, has1: measures,
        says: [temperature(18.76), humidity(55.5), battery(100), temperature(-327.68, {is: null})],
    },
    {
        file: "develco-hmszb-110", modelId: "HMSZB-110", manufName: "Develco Products A/S", manufId: 0x1015,
        endpoints: {1: {in: ["genBasic"]}, 38: {in: measures}},
        says: [temperature(20.68, {endpoint: 38}), humidity(39.9, {endpoint: 38}), {endpoint: 38, cluster: "genPowerCfg", report: {batteryVoltage: 29}}],
    },
    {
        file: "xiaomi-lywsd03mmc-z", modelId: "LYWSD03MMC-z", manufName: "Xiaomi", has1: [...measures, "hvacUserInterfaceCfg"],
        says: [
            temperature(21.07), humidity(47.3), {cluster: "hvacUserInterfaceCfg", report: {tempDisplayMode: 1}},
            {cluster: "hvacUserInterfaceCfg", report: {256: [0x29, -50]}},
        ],
    },
];

const timed = (name) => [[`${name}/set`, {state: "ON", on_time: 60}], [`${name}/set`, {state: "OFF"}]];
const plug = ["genBasic", "genOnOff"];

const plugs = [
    {file: "ikea-e1603", modelId: "TRADFRI control outlet", manufName: "IKEA of Sweden", manufId: 0x117c, has1: plug, says: [onOff(true), onOff(false)], told: timed},
    {
        file: "innr-sp-120", modelId: "SP 120", manufName: "innr", manufId: 0x1166, has1: [...plug, "haElectricalMeasurement", "seMetering"],
        says: [onOff(true), {cluster: "haElectricalMeasurement", report: {activePower: 1480}}, onOff(false)], told: timed,
    },
    {
        file: "tuya-ts011f", modelId: "TS011F", manufName: "_TZ3000_w0qqde0g", manufId: 0x1141, has1: [...plug, "haElectricalMeasurement", "seMetering", 0xe000, 0xe001],
        says: [onOff(true), {cluster: "genOnOff", report: {moesStartUpOnOff: 0}}, onOff(false)],
        told: (name) => [...timed(name), [`${name}/set`, {state: "ON", countdown: 60}]],
    },
    {file: "xiaomi-zncz02lm", modelId: "lumi.plug", manufName: "LUMI", manufId: 0x115f, has1: plug, says: [onOff(true), onOff(false)], told: timed},
    {file: "sonoff-s26r2zb", modelId: "S26R2ZB", manufName: "SONOFF", manufId: 0x1286, has1: plug, says: [onOff(true), onOff(false)], told: timed},
    {
        file: "third-reality-3rsp02028bz", modelId: "3RSP02028BZ", manufName: "Third Reality, Inc", manufId: 0x1407, has1: [...plug, "haElectricalMeasurement", "seMetering", 0xff03],
        says: [onOff(true), onOff(false)], told: (name) => [...timed(name), [`${name}/set`, {state: "ON", countdown_to_turn_off: 60}]],
    },
    {
        file: "aqara-llkzmk11lm", modelId: "lumi.relay.c2acn01", manufName: "LUMI", manufId: 0x115f,
        endpoints: {1: {in: plug}, 2: {in: plug}},
        says: [onOff(true, {endpoint: 1}), onOff(false, {endpoint: 2}), onOff(false, {endpoint: 1})],
        told: (name) => [
            [`${name}/set`, {state_l1: "ON", on_time_l1: 60}], [`${name}/set`, {state_l1: "ON", on_time: 60}], [`${name}/l1/set`, {state: "ON", on_time: 60}],
            [`${name}/l1/set`, {state: "OFF"}], [`${name}/set`, {state_l1: "OFF"}],
        ],
    },
    {
        file: "tuya-ts0601-switch", modelId: "TS0601", manufName: "_TZE204_ojtqawav", manufId: 0x1002, has1: ["genBasic", "genOnOff", "manuSpecificTuya"],
        says: [tuya([[1, 1, 1]]), tuya([[1, 1, 0]])], told: timed,
    },
];

const valve = ["genBasic", "genPowerCfg", "hvacThermostat", "hvacUserInterfaceCfg"];

const valves = [
    {
        file: "danfoss-014g2461", modelId: "eTRV0100", manufName: "Danfoss", manufId: 0x1246, has1: [...valve, "haDiagnostic"],
        says: [
            thermostat({localTemp: 2094}, {is: 20.94}), thermostat({occupiedHeatingSetpoint: 2100}), thermostat({pIHeatingDemand: 27}), thermostat({runningState: 1}),
            {cluster: "hvacThermostat", manufacturer: 0x1246, report: {0x4031: [0x10, 1]}}, battery(82), thermostat({localTemp: -32768}, {is: null}),
        ],
    },
    {
        file: "eurotronic-spzb0001", modelId: "SPZB0001", manufName: "Eurotronic", manufId: 0x1037, has1: valve,
        says: [thermostat({localTemp: 2150}, {is: 21.5}), thermostat({pIHeatingDemand: 0}), thermostat({localTemperatureCalibration: -15}), battery(60)],
    },
    {
        file: "bosch-bth-ra", modelId: "RBSH-TRV0-ZB-EU", manufName: "BOSCH", manufId: 0x1209, has1: valve,
        says: [
            thermostat({localTemp: 1987}, {is: 19.87}), {cluster: "hvacThermostat", manufacturer: 0x1209, report: {0x4020: [0x30, 40]}},
            {cluster: "hvacThermostat", manufacturer: 0x1209, report: {0x4040: [0x29, 2230]}},
        ],
    },
    {
        file: "sonoff-trvzb", modelId: "TRVZB", manufName: "SONOFF", manufId: 0x1286, has1: [...valve, 0xfc11],
        says: [
            thermostat({localTemp: 2010}, {is: 20.1}), thermostat({runningState: 1}), thermostat({localTemperatureCalibration: 10}), thermostat({systemMode: 4}),
            {cluster: "customSonoffTrvzb", report: {externalTemperatureInput: 2350}}, thermostat({runningState: 0}),
        ],
        told: (name) => [[`${name}/set`, {system_mode: "heat"}], [`${name}/set`, {system_mode: "off"}],
            [`${name}/set`, {state: "ON", on_time: 60}]],
    },
    {
        file: "aqara-srts-a01", modelId: "lumi.airrtc.agl001", manufName: "LUMI", manufId: 0x115f, has1: [...valve, 0xfcc0],
        says: [thermostat({localTemp: 2231}, {is: 22.31}), {cluster: "manuSpecificLumi", manufacturer: 0x115f, report: {0x0271: [0x20, 1]}}],
    },
    {
        file: "moes-brt-100", modelId: "TS0601", manufName: "_TZE200_b6wax7g0", manufId: 0x1002, has1: ["genBasic", "manuSpecificTuya"],
        says: [tuya([[3, 2, 195]], {is: 19.5}), tuya([[2, 2, 21]]), tuya([[7, 1, 0]]), tuya([[14, 2, 80]])],
    },
];

module.exports = [...sensors, ...plugs, ...valves].map((d, i) => ({
    name: d.file,
    id: i + 2,
    type: d.type ?? (d.told && plugs.includes(d) ? "Router" : "EndDevice"),
    ieeeAddr: `0x00158d00000000${(i + 16).toString(16)}`,
    nwkAddr: 0x1000 + i,
    endpoints: {1: {in: d.has1}},
    ...d,
    profile: HA,
}));
