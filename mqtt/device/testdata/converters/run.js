// Plays one course through Zigbee2MQTT as it is, from the bytes of the radio to
// what it publishes, and prints what came of it.
process.env.TZ = "Europe/Berlin";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const {mock} = require("node:test");

const {Zcl} = require("zigbee-herdsman");
const {Adapter} = require("zigbee-herdsman/dist/adapter");
const {Device} = require("zigbee-herdsman/dist/controller/model");
const {Radio} = require("./radio");
const {courses} = require("./courses");
const course = courses[process.argv[2]];
const file = process.argv[2];

// Its data folder, with the devices as they are stored after they have joined.
const data = fs.mkdtempSync(path.join(os.tmpdir(), "zigbee2mqtt-"));
process.env.ZIGBEE2MQTT_DATA = data;
process.on("exit", () => fs.rmSync(data, {recursive: true, force: true}));
const network = {pan_id: 0x1a62, ext_pan_id: Array(8).fill(0xdd), network_key: Array.from({length: 16}, (_, i) => i), channel: 11};
fs.writeFileSync(path.join(data, "configuration.yaml"), JSON.stringify({
    version: 5,
    mqtt: {base_topic: "zigbee2mqtt", server: "mqtt://127.0.0.1", ...course.settings.mqtt},
    serial: {port: "/dev/null", adapter: "ember"},
    frontend: {enabled: false},
    homeassistant: {enabled: false},
    availability: course.settings.availability ?? {enabled: false},
    ota: {zigbee_ota_override_index_location: path.join(data, "updates.json")},
    device_options: course.settings.device_options ?? {},
    advanced: {...network, log_output: [], log_level: "debug", ...course.settings.advanced},
    devices: Object.fromEntries(course.devices.map((d) => [d.ieeeAddr, {friendly_name: d.name}])),
}));
const coordinator = {id: 1, type: "Coordinator", ieeeAddr: "0x00124b0000000000", nwkAddr: 0, manufId: 0, endpoints: {1: {in: []}}, profile: 0x0104};
fs.writeFileSync(path.join(data, "database.db"), [coordinator, ...course.devices].map((d) => JSON.stringify(stored(d))).join("\n"));
fs.writeFileSync(path.join(data, "state.json"), JSON.stringify(course.state ?? {}));
fs.writeFileSync(path.join(data, "updates.json"), JSON.stringify([{url: "https://example.org/new.ota", manufacturerCode: 0x1286, imageType: 258, fileVersion: 2}]));

function stored(d) {
    const id = (cluster) => (typeof cluster === "number" ? cluster : Zcl.Utils.getCluster(cluster, d.manufId, {}).ID);
    const endpoints = Object.entries(d.endpoints).map(([n, e]) => [n, {
        profId: d.profile, epId: Number(n), devId: 0, inClusterList: e.in.map(id), outClusterList: (e.out ?? []).map(id), clusters: {}, binds: [], configuredReportings: [], meta: {},
    }]);
    return {
        id: d.id, type: d.type, ieeeAddr: d.ieeeAddr, nwkAddr: d.nwkAddr, manufId: d.manufId, manufName: d.manufName, modelId: d.modelId,
        powerSource: d.type === "Router" ? "Mains (single phase)" : "Battery", epList: Object.keys(d.endpoints).map(Number), endpoints: Object.fromEntries(endpoints),
        interviewCompleted: true, interviewState: "SUCCESSFUL", meta: {configured: "0.0.0"}, lastSeen: null,
    };
}

// The clock stands still, but for the steps that wait. No request leaves this machine.
const noon = Date.UTC(2026, 0, 31, 12, 0, 5, 250);
mock.timers.enable({apis: ["Date"], now: noon});
globalThis.fetch = () => Promise.reject(new Error("there is no network"));

// The client of the broker, which notes what it is given.
const published = [];
const client = {
    options: {}, queue: [], stream: {setMaxListeners() {}}, listeners: {},
    on(event, f) {
        this.listeners[event] = f;
    },
    async publishAsync(topic, payload, options) {
        published.push({topic, payload, retained: options?.retain ?? false});
    },
    async subscribeAsync() {},
    async unsubscribeAsync() {},
    async endAsync() {},
};
require("mqtt");
require.cache[require.resolve("mqtt")].exports = {connectAsync: async () => client};

let radio;
Adapter.create = async (...args) => (radio = new Radio(...args));

const settings = require("zigbee2mqtt/dist/util/settings");
settings.reRead();
const logger = require("zigbee2mqtt/dist/util/logger").default;
const {Controller} = require("zigbee2mqtt/dist/controller");

// Routers are configured some seconds after its start, which is too late here.
require("zigbee2mqtt/dist/util/utils").default.sleep = () => new Promise(() => {});

const version = (name) => require(`${name}/package.json`).version;
const madeBy = ["zigbee2mqtt", "zigbee-herdsman", "zigbee-herdsman-converters"].map((name) => `${name} ${version(name)}`).join(", ");

// settled waits until nothing more comes of a step.
async function settled() {
    for (let quiet = 0, last = -1; quiet < 10; quiet = last === published.length ? quiet + 1 : 0) {
        last = published.length;
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
}

// news are the messages since the last call, without those of Zigbee2MQTT itself.
function news() {
    return published.splice(0).filter(({topic}) => !/^zigbee2mqtt\/bridge\//.test(topic));
}

function describe(step) {
    const what = step.report ? Object.entries(step.report).map(([k, v]) => `${k} ${Array.isArray(v) ? v[1] : v}`).join(", ")
        : step.command ? `${step.command} ${JSON.stringify(step.payload.dpValues ?? step.payload)}` : step.bytes;
    return `endpoint ${step.endpoint ?? 1}, ${step.cluster}: ${what}`;
}

async function play(steps) {
    const done = [];
    for (const step of steps) {
        let row = {};
        const complaints = [];
        const heard = (level) => (text) => complaints.push(`${level}: ${typeof text === "function" ? text() : text}`.split("\n")[0]);
        if (step.waits) {
            mock.timers.setTime(Date.now() + step.waits * 1000);
            done.push({waits: step.waits});
            continue;
        }
        const {error, warning} = logger;
        logger.error = heard("error");
        logger.warning = heard("warning");
        if (step.told) {
            const [topic, payload, away = false] = step.told;
            radio.away = away;
            row = {told: `zigbee2mqtt/${topic}`, payload: JSON.stringify(payload)};
            client.listeners.message(row.told, Buffer.from(row.payload));
        } else {
            radio.say(Device.byIeeeAddr(step.device.ieeeAddr), step.device, step);
            row = {says: describe(step), ...("is" in step ? {celsius: step.is} : {})};
        }
        await settled();
        Object.assign(logger, {error, warning});
        if (radio.sent.length && step.told) row.sent = radio.sent;
        radio.sent = [];
        if (complaints.length) row.complains = complaints;
        row.published = news();
        done.push(row);
    }
    return done;
}

function definitionOf(controller, device) {
    const {definition} = controller.zigbee.resolveEntity(device.ieeeAddr);
    if (!definition) throw new Error(`no definition of ${device.file}`);
    return {zigbee: {model: device.modelId, manufacturer: device.manufName}, definition: {vendor: definition.vendor, model: definition.model, description: definition.description, version: definition.version}};
}

async function main() {
    const controller = new Controller(async () => {}, async (code) => process.exit(code));
    for (const level of ["warning", "error"]) logger[level] = (text) => console.error(`${level}: ${typeof text === "function" ? text() : text}`);
    await controller.start();
    await settled();
    const start = news();
    const documents = {};
    for (const device of course.devices) {
        const told = (device.told?.(device.name) ?? []).map((t) => ({told: t}));
        const steps = await play(course.steps ?? [...device.says.map((s) => ({device, ...s})), ...told]);
        documents[course.steps ? file : device.file] = {
            made_by: madeBy, ...definitionOf(controller, device), settings: course.settings,
            steps: start.length ? [{starts: true, published: start}, ...steps] : steps,
        };
    }
    process.stdout.write(JSON.stringify(documents), () => process.exit(0));
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
