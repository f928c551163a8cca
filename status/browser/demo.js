// A running demo, and a Chromium to look at it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import zlib from 'node:zlib';
import { chromium } from 'playwright-core';

const patience = 60_000; // ms to wait for what must come; it measures nothing
const binary = process.env.THERMOSTAT && resolve(process.env.THERMOSTAT);

// start runs the real program; its words are kept, and each can be waited for.
function start(stream, ...args) {
  if (!binary) throw new Error('THERMOSTAT names no binary: go build -o dist/thermostat ./agent, then THERMOSTAT=dist/thermostat');
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const program = { child, said: '', waiting: [] };
  child[stream].setEncoding('utf8').on('data', (text) => {
    program.said += text;
    program.waiting = program.waiting.filter((look) => !look());
  });
  program.says = (form) => new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error(`it never says ${form}; it said:\n${program.said}`)), patience);
    late.unref();
    const look = () => {
      const found = program.said.match(form);
      if (found) {
        clearTimeout(late);
        done(found);
      }
      return found !== null;
    };
    if (!look()) program.waiting.push(look);
  });
  program.stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  return program;
}

// forenoon is a time zone in which it is between nine and ten now, in which all tests live unless they say otherwise: far
// from midnight, and from the steps of a usual week.
const east = ((9 - new Date().getUTCHours() + 36) % 24) - 12;
export const forenoon = `Etc/GMT${east > 0 ? '-' : '+'}${Math.abs(east)}`;
process.env.TZ = forenoon;

// dayIn is the date so many days from now.
export const dayIn = (days) => new Date(Date.now() + days * 86_400_000).toLocaleDateString('sv-SE');

// startDemo runs the demo, on free ports unless --http says otherwise.
export async function startDemo(...flags) {
  if (!flags.includes('--http')) flags.push('--http', '127.0.0.1:0');
  const demo = start('stdout', 'demo', '--mqtt', '127.0.0.1:0', ...flags);
  demo.url = (await demo.says(/The page: (http:\S+)/))[1];
  demo.broker = (await demo.says(/Broker: mqtt:\/\/(\S+)/))[1];
  return demo;
}

const presets = '{comfort: 20.5, eco: 18, sleep: 16.5, away: 12, boost: 23}';

// startAgent runs the agent without a broker, with rooms that stay at a temperature; setpoint is their configured one, if any,
// week their program, home whether there are the presets of a home, and titles what people read.
export async function startAgent({ rooms = 1, units = 'C', listen = '127.0.0.1:0', http, password, history, celsius = 20, setpoint = '{mode: heat, desired: 19}', cooler, week, home = Boolean(week), timezone = forenoon, titles = [] }) {
  const dir = await mkdtemp(join(tmpdir(), 'thermostat-page-'));
  const names = Array.from({ length: rooms }, (_, i) => `room-${i + 1}`);
  const zones = names.map((name, i) => `  - name: ${name}
${titles[i] ? `    title: ${JSON.stringify(titles[i])}\n` : ''}    sensor: {driver: simulated, model: linear, start: ${celsius}, up: 24h, down: 24h, noise: 0}
    heater: {driver: simulated}
${cooler ? '    cooler: {driver: simulated}\n' : ''}${week ? `    program: "${week}"\n` : ''}${setpoint ? `    default_setpoint: ${setpoint}\n` : ''}    timing: {sample: 1s, stale_after: 3s, min_on: 0s, min_off: 0s}
`);
  if (password) await writeFile(join(dir, 'password'), `${password}\n`);
  const more = (password ? `, password_file: ${join(dir, 'password')}` : '') + (http ? `, ${http}` : '');
  const comfort = home ? `clock: trust\npresets: ${presets}\ntimezone: ${timezone}\n` : '';
  const config = `device: test\nstate_dir: ${dir}/state\n${comfort}units: ${units}\nhttp: {listen: "${listen}"${more}}\nzones:${zones.length > 0 ? `\n${zones.join('')}` : ' []\n'}`;
  await writeFile(join(dir, 'config.yaml'), config);
  if (history) await writeHistory(join(dir, 'state'), names);
  const agent = start('stderr', 'run', '--config', join(dir, 'config.yaml'));
  agent.url = (await agent.says(/url=(http:\S+)/))[1].replace('[::]', '127.0.0.1').replace('0.0.0.0', '127.0.0.1');
  const { stop } = agent;
  agent.stop = async () => {
    await stop();
    await rm(dir, { recursive: true });
  };
  return agent;
}

// startBoiler runs an agent with a boiler, its pump and two rooms that call it, all on the broker of a demo. says tells a room's
// temperature from now on; extra are further keys of the boiler.
export async function startBoiler(extra = 'valve_open: 2s, pump_overrun: 2s, min_on: 1s, min_off: 1s') {
  const demo = await startDemo(), [host, port] = demo.broker.split(':'), dir = await mkdtemp(join(tmpdir(), 'thermostat-boiler-'));
  const zones = [['bath', 'Bad'], ['den', 'Stube']].map(([name, title]) => `  - name: ${name}
    title: ${title}
    calls: boiler
    sensor: {driver: mqtt, topic: there/${name}}
    heater: {driver: mqtt, topic: there/${name}/valve}
    default_setpoint: {mode: heat, desired: 20}
    timing: {sample: 1s, stale_after: 30s, min_on: 0s, min_off: 0s}
`).join('');
  await writeFile(join(dir, 'config.yaml'), `device: test
state_dir: ${dir}/state
http: {listen: "127.0.0.1:0"}
mqtt: {brokers: ["mqtt://${demo.broker}"]}
sources:
  - {name: boiler, relay: {driver: mqtt, topic: there/boiler}, pump: {driver: mqtt, topic: there/pump}, bypass: true, ${extra}}
zones:
${zones}`);
  const agent = start('stderr', 'run', '--config', join(dir, 'config.yaml')), celsius = { bath: 21, den: 21 };
  const voices = Object.keys(celsius).map((name) => [name, spawn('mosquitto_pub', ['-h', host, '-p', port, '-t', `there/${name}`, '-l'], { stdio: ['pipe', 'ignore', 'ignore'] })]);
  for (const [, { stdin }] of voices) stdin.on('error', () => {}); // without a broker there is nobody to tell
  const say = () => { for (const [name, { stdin }] of voices) stdin.write(`${celsius[name]}\n`); };
  const saying = setInterval(say, 500);
  agent.url = (await agent.says(/url=(http:\S+)/))[1];
  Object.assign(agent, { says: (name, temperature) => { celsius[name] = temperature; } });
  const { stop } = agent;
  agent.stop = async () => {
    await stop();
    clearInterval(saying);
    for (const [, voice] of voices) voice.kill();
    await demo.stop();
    await rm(dir, { recursive: true, force: true }); // it may be stopped twice
  };
  return agent;
}

// writeHistory makes a full history of a day, as another run would have kept it.
async function writeHistory(folder, names) {
  const kept = {}, n = 674;
  for (const [room, name] of names.entries()) {
    const points = Buffer.alloc(14 * n);
    for (let i = 0; i < n; i++) {
      const mean = Math.round(2000 + 60 * Math.sin(i / 7 + room) + 13 * Math.sin(i * 1.7));
      [mean, mean - 7, mean + 8, 2000, 1950, 2050].forEach((x, k) => points.writeInt16LE(x, 14 * i + 2 * k));
      points.writeUInt8((i * 37) % 101, 14 * i + 12);
      points.writeUInt8(255, 14 * i + 13);
    }
    kept[name] = { end: new Date(Date.now() - 1000).toISOString(), step_s: 128, points: points.toString('base64') };
  }
  const body = JSON.stringify(kept), sum = zlib.crc32(body).toString(16).padStart(8, '0');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'history.json'), `thermostat-memory-1 ${sum}\n${body}`);
}

const whole = '/usr/bin/chromium', shell = '/usr/bin/chromium-headless-shell';

// startChromium gives a browser with private windows, or with a folder for its profile the window of a person.
// The first is the shell where there is one: the same engine without menus and tabs, which compute as much as the page.
export function startChromium(profile, options) {
  const how = {
    executablePath: process.env.CHROMIUM ?? (profile || !existsSync(shell) ? whole : shell),
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  };
  return profile ? chromium.launchPersistentContext(profile, { ...how, ...options }) : chromium.launch(how);
}

// The widths and themes that people use.
export const sights = [
  { name: 'phone-light', viewport: { width: 390, height: 844 }, colorScheme: 'light', deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  { name: 'phone-dark', viewport: { width: 390, height: 844 }, colorScheme: 'dark', deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  { name: 'desktop-light', viewport: { width: 1180, height: 800 }, colorScheme: 'light' },
  { name: 'desktop-dark', viewport: { width: 1180, height: 800 }, colorScheme: 'dark' },
];
