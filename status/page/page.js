// The page: one stream of events in, requests for changes out.

import { Chart } from './chart.js';
import {
  actionWord, clearable, clock, degrees, faultWord, inUnits, modeWord, parseDegrees,
  sentence, sourceWord, step, title, toShown, fromShown, unit, useUnits, withUnit,
} from './words.js';

const $ = (id) => document.getElementById(id);
const silence = 12_000; // ms; the agent says something every 5 s
const quiet = 700; // ms after the last press of + or − until the change is sent
const reload = 120_000; // ms between two looks at the history of a chart that is seen

const zones = new Map();
let edition = null; // of this page
let skew = 0; // what our clock is ahead of the agent's, ms
let agentNow = 0; // the agent's clock at its last beat
let heard = 0; // when the stream last said something
let linked = false;
let stream = null;
let retry = 0;
let broker = null;

// A zone's card.
class Zone {
  constructor(info, mayChange) {
    this.info = info;
    this.state = null;
    this.since = 0; // when the state came
    this.wanted = null; // °C, pressed or typed and not sent yet
    this.card = $('zone-template').content.firstElementChild.cloneNode(true);
    this.part = (selector) => this.card.querySelector(selector);
    this.name = title(info.name);
    this.card.id = `zone-${info.name}`;
    this.card.setAttribute('aria-labelledby', `name-${info.name}`);
    this.part('.name').id = `name-${info.name}`;
    this.part('.name').textContent = this.name;
    this.makeModes();
    this.makeDesired();
    if (!mayChange) this.forbid();
    this.chart = new Chart(this.part('.chart'), this.name);
    this.chart.onvisible = () => this.loadHistory();
    this.loadedAt = 0;
  }

  makeModes() {
    this.modes = this.info.modes.map((mode) => {
      const b = document.createElement('button');
      Object.assign(b, { type: 'button', textContent: modeWord(mode), ariaPressed: 'false' });
      b.dataset.mode = mode;
      b.addEventListener('click', () => this.send({ mode }));
      return b;
    });
    this.part('.modes').append(...this.modes);
  }

  makeDesired() {
    this.input = this.part('.number');
    this.part('.desired').ariaLabel = `${this.name}: temperature to hold`;
    this.input.ariaLabel = `Set ${this.name} to, in ${unit()}`;
    this.part('.input-unit').textContent = unit();
    this.part('.unit').textContent = unit();
    this.part('.down').ariaLabel = 'Colder';
    this.part('.up').ariaLabel = 'Warmer';
    this.part('.down').addEventListener('click', () => this.nudge(-1));
    this.part('.up').addEventListener('click', () => this.nudge(1));
    this.input.addEventListener('focus', () => this.input.select());
    this.input.addEventListener('change', () => this.typed());
    this.input.addEventListener('keydown', (e) => {
      if (e.key === 'Enter') this.typed();
      if (e.key === 'Escape') this.forget();
      if (e.key === 'ArrowUp' || e.key === 'ArrowDown') {
        e.preventDefault();
        this.nudge(e.key === 'ArrowUp' ? 1 : -1);
      }
    });
  }

  forbid() {
    for (const e of this.card.querySelectorAll('.controls button, .controls input')) e.disabled = true;
    this.say('This address only shows. Changes need a password: http.password_file.', 'quiet');
  }

  // nudge goes to the next whole step, and sends once nobody presses any more.
  nudge(direction) {
    const size = step(), { desired_min: low, desired_max: high } = this.info;
    const from = toShown(this.wanted ?? this.state?.desired ?? 20);
    const to = direction > 0 ? Math.floor(from / size + 1.001) * size : Math.ceil(from / size - 1.001) * size;
    this.wanted = Math.min(Math.max(fromShown(to), low), high);
    this.input.value = degrees(this.wanted);
    clearTimeout(this.sending);
    this.sending = setTimeout(() => this.send({ desired: this.wanted }), quiet);
  }

  typed() {
    clearTimeout(this.sending);
    const wanted = parseDegrees(this.input.value);
    if (Number.isNaN(wanted)) {
      this.forget();
      this.say('That is no temperature.', 'refused');
    } else if (degrees(wanted, 2) === degrees(this.state?.desired, 2)) {
      this.forget();
    } else {
      this.wanted = wanted;
      this.send({ desired: wanted });
    }
  }

  forget() {
    clearTimeout(this.sending);
    this.wanted = null;
    this.showDesired(true);
  }

  // send asks for a change. A control is a complete statement: what shall stay
  // as it is, is said again.
  async send(change) {
    const z = this.state ?? {}, control = {};
    for (const key of ['desired', 'mode', 'up_delta', 'down_delta']) {
      const value = key in change ? change[key] : z[key];
      if (value !== null && value !== undefined) control[key] = value;
    }
    if (z.desired === null && !('mode' in change)) delete control.mode; // the usual one
    this.say('Asking…', 'quiet');
    const answer = await ask('PUT', `api/zones/${this.info.name}/control`, control);
    this.wanted = null;
    if (answer.applied) this.say(applied(answer), 'done');
    else this.say(`Not changed: ${inUnits(answer.reason)}.`, 'refused');
    this.showDesired(true);
  }

  say(words, kind) {
    const p = this.part('.answer');
    p.textContent = words;
    p.dataset.kind = kind;
    clearTimeout(this.saying);
    if (kind === 'done') this.saying = setTimeout(() => this.saySource(), 6000);
  }

  saySource() {
    const p = this.part('.answer');
    p.textContent = this.state?.source ? `Set by ${sourceWord(this.state.source)}.` : '';
    p.dataset.kind = 'source';
  }

  // take shows a state as it came.
  take(z) {
    const first = this.state === null, before = this.state;
    this.state = z;
    this.since = Date.now();
    this.chart.push(z, this.since);
    if ((first || before.source !== z.source) && ['', 'source', undefined].includes(this.part('.answer').dataset.kind)) this.saySource();
    for (const b of this.modes) b.ariaPressed = String(b.dataset.mode === z.mode);
    this.showDesired();
    this.show();
  }

  showDesired(force = false) {
    if (this.wanted !== null || (!force && document.activeElement === this.input && this.input.value !== '')) return;
    this.input.value = this.state?.desired === null ? '' : degrees(this.state?.desired);
  }

  // show brings the card up to date; it is called every second, too.
  show() {
    const z = this.state;
    if (z === null) return;
    const told = Date.parse(z.time) + skew, stuck = linked && agentNow + skew - told > 3000 * this.info.sample_s + 5000;
    const current = linked && !stuck;
    this.card.dataset.action = current ? z.action : 'unknown';
    this.part('.action-word').textContent = current ? actionWord(z.action) : 'Not known';
    this.part('.temperature').textContent = current ? degrees(z.temperature) : '–';
    this.part('.unit').hidden = !current || z.temperature === null;
    this.part('.humidity').textContent = current && z.humidity !== null ? `${Math.round(z.humidity)} % humidity` : '';
    setText(this.part('.sentence'), this.sentence(z, told, stuck));
    const now = Date.now();
    if (current) this.chart.hold(now);
    this.chart.drawIfDue(now);
    if (linked && this.chart.visible && now - this.loadedAt > reload) this.loadHistory();
  }

  sentence(z, told, stuck) {
    const was = z.temperature === null ? '' : ` It was ${withUnit(z.temperature)} then.`;
    if (!linked) return `Last heard of at ${clock(told, true)}.${was}`;
    if (stuck) return `This zone has decided nothing since ${clock(told, true)}.${was}`;
    return sentence(z, z.wait_s === null ? 0 : z.wait_s - (Date.now() - this.since) / 1000);
  }

  async loadHistory() {
    if (!linked || Date.now() - this.loadedAt < 1000) return;
    this.loadedAt = Date.now();
    try {
      const r = await fetch(`api/zones/${this.info.name}/history`);
      if (r.ok) this.chart.setHistory(await r.json(), skew);
    } catch { /* the stream finds out as well, and says so */ }
  }
}

// setText leaves a text alone that is the same: a screen reader would say it again.
function setText(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

function applied(answer) {
  const note = answer.reason ? ` (${answer.reason})` : '';
  if (answer.mode === 'off') return `Switched off${note}.`;
  return `Set to ${withUnit(answer.desired)}, ${modeWord(answer.mode).toLowerCase()}${note}.`;
}

async function ask(method, url, body) {
  try {
    const r = await fetch(url, { method, body: body && JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
    return await r.json();
  } catch {
    return { applied: false, reason: 'the agent does not answer' };
  }
}

// Faults on top, in plain words; the broker's absence among them.
function showNotices() {
  const list = [];
  for (const zone of zones.values()) {
    for (const f of zone.state?.faults ?? []) list.push({ key: `${zone.info.name}/${f.name}/${f.text}`, zone, fault: f });
  }
  if (linked && broker === false) list.push({ key: 'broker', words: ['No broker', 'The broker is not connected. The rooms are controlled all the same; changes from elsewhere do not arrive.'] });
  const wanted = new Set(list.map((n) => n.key)), there = new Set();
  for (const li of [...$('notices').children]) {
    if (wanted.has(li.dataset.key)) there.add(li.dataset.key);
    else li.remove();
  }
  $('notices').append(...list.filter((n) => !there.has(n.key)).map(makeNotice));
}

function makeNotice({ key, zone, fault, words }) {
  const li = document.createElement('li'), head = document.createElement('strong'), text = document.createElement('span');
  li.dataset.key = key;
  head.textContent = words ? words[0] : `${zone.name}: ${faultWord(fault.name)}`;
  text.textContent = words ? words[1] : `${inUnits(upper(fault.text))}. Since ${clock(Date.parse(fault.since) + skew, true)}.`.replace(/([.?!])\./, '$1');
  li.append(head, text);
  if (fault && clearable(fault.name)) li.append(makeClear(zone));
  return li;
}

function makeClear(zone) {
  const b = document.createElement('button');
  Object.assign(b, { type: 'button', textContent: 'Clear', ariaLabel: `Clear the faults of ${zone.name}` });
  b.disabled = zone.part('.up').disabled;
  b.addEventListener('click', async () => {
    const answer = await ask('POST', `api/zones/${zone.info.name}/clear`);
    zone.say(answer.applied ? 'Cleared; what still holds comes back.' : `Not cleared: ${answer.reason}.`, answer.applied ? 'done' : 'refused');
  });
  return b;
}

const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// The stream.
function connect() {
  stream?.close();
  stream = new EventSource('api/events');
  heard = Date.now();
  stream.addEventListener('hello', (e) => welcome(JSON.parse(e.data)));
  stream.addEventListener('beat', (e) => takeBeat(JSON.parse(e.data)));
  stream.addEventListener('zone', (e) => takeZone(JSON.parse(e.data)));
  stream.addEventListener('error', lost);
}

function welcome(h) {
  heard = Date.now();
  if (edition !== null && edition !== h.page) {
    location.reload();
    return;
  }
  edition = h.page;
  useUnits(h.units);
  document.title = `${h.device} · Thermostat`;
  $('device').textContent = h.device;
  $('about').textContent = `thermostat ${h.version}`;
  $('nothing').hidden = h.zones.length > 0;
  if (zones.size === 0) {
    for (const info of h.zones) zones.set(info.name, new Zone(info, h.changes !== 'none'));
    $('zones').append(...[...zones.values()].map((z) => z.card));
  } else if (h.zones.map((z) => JSON.stringify(z)).join() !== [...zones.values()].map((z) => JSON.stringify(z.info)).join()) {
    location.reload(); // another configuration
  }
  retry = 0;
}

function takeBeat(b) {
  heard = Date.now();
  agentNow = Date.parse(b.time);
  skew = Math.abs(heard - agentNow) < 2000 ? 0 : heard - agentNow;
  broker = b.broker;
  if (!linked) relinked();
  showNotices();
}

function relinked() {
  linked = true;
  setLink('live', 'Live');
  for (const z of zones.values()) {
    z.loadedAt = 0;
    if (z.chart.visible) z.loadHistory();
  }
}

function takeZone(state) {
  heard = Date.now();
  zones.get(state.zone)?.take(state);
  showNotices();
}

function lost() {
  stream?.close();
  stream = null;
  if (linked) for (const z of zones.values()) z.chart.break();
  linked = false;
  setLink('lost', 'Disconnected · trying again');
  for (const z of zones.values()) z.show();
  clearTimeout(connecting);
  connecting = setTimeout(connect, Math.min(1000 + 500 * retry++, 5000));
}
let connecting;

function setLink(kind, words) {
  document.body.dataset.link = kind;
  $('link').dataset.link = kind;
  setText($('link-words'), words);
}

setInterval(() => {
  if (stream && Date.now() - heard > silence) lost();
  for (const z of zones.values()) z.show();
}, 1000);

// A phone that slept finds out at once.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && Date.now() - heard > silence) {
    retry = 0;
    lost();
  }
});
addEventListener('pagehide', () => stream?.close());
addEventListener('pageshow', (e) => { if (e.persisted) connect(); });
connect();
