// Writes what Zigbee2MQTT publishes of the devices in devices.js, and what it sends
// them when it is told something: ../zigbee2mqtt/*.json; and ../plugs.json. With the
// argument `check` it writes nothing and fails where a file would change.
const {execFileSync} = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const {courses} = require("./courses");
const {plugs} = require("./plugs");

const folder = path.join(__dirname, "..");
const check = process.argv[2] === "check";

const made = new Map();
for (const course of Object.keys(courses)) {
    const text = execFileSync(process.execPath, ["--no-warnings", path.join(__dirname, "run.js"), course], {encoding: "utf8", maxBuffer: 1 << 26, stdio: ["ignore", "pipe", "inherit"]});
    for (const [file, document] of Object.entries(JSON.parse(text))) {
        made.set(`zigbee2mqtt/${file}.json`, `${JSON.stringify(document, null, 1)}\n`);
    }
}

made.set("plugs.json", `${JSON.stringify(plugs, null, 1)}\n`);

fs.mkdirSync(path.join(folder, "zigbee2mqtt"), {recursive: true});
const there = ["plugs.json", ...fs.readdirSync(path.join(folder, "zigbee2mqtt")).map((f) => `zigbee2mqtt/${f}`)].filter((f) => fs.existsSync(path.join(folder, f)));
const differs = [...made].filter(([file, text]) => !there.includes(file) || fs.readFileSync(path.join(folder, file), "utf8") !== text).map(([file]) => file);
const left = there.filter((file) => !made.has(file));
if (check) {
    for (const file of [...differs, ...left]) {
        console.error(`${file} is not what Zigbee2MQTT makes: run node make.js, and look at the difference`);
    }
    console.log(`${made.size - differs.length} of ${made.size} files are what Zigbee2MQTT makes`);
    process.exit(differs.length + left.length ? 1 : 0);
}
for (const file of left) fs.rmSync(path.join(folder, file));
for (const [file, text] of made) fs.writeFileSync(path.join(folder, file), text);
console.log(`${made.size} files, ${differs.length} of them new`);
