// Of how many plugs and relays Zigbee2MQTT passes on_time on: those with a state
// whose definition has a converter for it.
const fs = require("node:fs");
const path = require("node:path");
const zhc = require("zigbee-herdsman-converters");

const folder = path.dirname(require.resolve("zigbee-herdsman-converters/devices/index"));
const files = fs.readdirSync(folder).filter((f) => f.endsWith(".js") && f !== "index.js");
const all = files.flatMap((f) => require(`zigbee-herdsman-converters/devices/${path.basename(f, ".js")}`).definitions ?? []);
const definitions = all.filter((d) => /plug|socket|outlet|relay/i.test(d.description)).map((d) => zhc.prepareDefinition({...d}));
const knows = (definition, ...keys) => definition.toZigbee.some((t) => t.key?.some((k) => keys.some((key) => k === key || k.startsWith(`${key}_l`))));

const relays = definitions.filter((d) => knows(d, "state"));
exports.plugs = {
    relays: relays.length,
    on_time: relays.filter((d) => knows(d, "on_time")).length,
    neither: relays.filter((d) => !knows(d, "on_time", "countdown")).map((d) => `${d.vendor} ${d.model}`),
    countdown: relays.filter((d) => !knows(d, "on_time") && knows(d, "countdown")).map((d) => `${d.vendor} ${d.model}`),
};
