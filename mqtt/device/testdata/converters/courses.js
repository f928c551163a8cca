// What is played: `devices` is each device by itself; the others show what
// Zigbee2MQTT's own settings, its start and its buttons make of one of them.
const devices = require("./devices");

const plug = devices.find((d) => d.file === "innr-sp-120");
const sensor = devices.find((d) => d.file === "sonoff-snzb-02d");

// A step is what a device says, {told: [topic, payload, nobody hears it]}, or {waits: seconds}.
const says = (...steps) => steps.map((step) => ({device: sensor, ...step}));
const temperature = (celsius) => ({cluster: "msTemperatureMeasurement", report: {measuredValue: Math.round(celsius * 100)}, is: celsius});
const humidity = (percent) => ({cluster: "msRelativeHumidity", report: {measuredValue: percent * 100}});
const asksForUpdates = {cluster: "genOta", client: true, command: "queryNextImageRequest", payload: {fieldControl: 0, manufacturerCode: 0x1286, imageType: 258, fileVersion: 1}};
const schedule = {told: ["bridge/request/device/ota_update/schedule", {id: sensor.name}]};

// One device with settings of Zigbee2MQTT's own.
const setting = (file, settings, steps, state) => ({[file]: {settings, steps, state, devices: [sensor]}});

// Each round is one second: humidity first, beside the temperature of the last round.
const rounds = [...says(humidity(48), temperature(21.5)), {waits: 300}, ...says(humidity(47), temperature(21.7)), {waits: 300}, schedule, {waits: 300}, ...says(humidity(47), temperature(21.7))];
const lastSeen = (form) => setting(`last-seen-${form.toLowerCase().replaceAll("_", "-")}`, {advanced: {last_seen: form}}, rounds);

exports.courses = {
    devices: {settings: {}, devices},
    ...setting("last-seen-disabled", {}, rounds), ...lastSeen("ISO_8601"), ...lastSeen("ISO_8601_local"), ...lastSeen("epoch"),
    ...setting("cache-off", {advanced: {cache_state: false}}, rounds),
    ...setting("start", {}, says(temperature(21.5)), {[sensor.ieeeAddr]: {temperature: 12.5, humidity: 40, battery: 91}}),
    ...setting("update", {}, [...says(temperature(21.5), asksForUpdates), {waits: 300}, schedule, {waits: 300}, ...says(temperature(21.6))]),
    ...setting("availability", {availability: {enabled: true}}, says(temperature(21.5))),
    ...setting("retain", {device_options: {retain: true}}, says(temperature(21.5), humidity(48))),
    ...setting("attributes", {advanced: {output: "attribute_and_json"}}, says(temperature(21.5))),
    ...setting("device-information", {mqtt: {include_device_information: true}}, says(temperature(21.5))),
    ...setting("calibrated", {device_options: {temperature_calibration: -0.5, temperature_precision: 1}}, says({...temperature(21.53), is: 21})),
    unreachable: {settings: {}, devices: [plug], steps: [{device: plug, ...plug.says[0]}, {told: [`${plug.name}/set`, {state: "OFF"}, true]}, {device: plug, ...plug.says[1]}]},
    ...setting("filtered", {device_options: {filtered_attributes: ["temperature"]}}, says(temperature(21.5), humidity(48))),
};
