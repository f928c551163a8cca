// The page: one stream of events in, requests for changes out.

import { Chart } from './chart.js';
import {
  actionOf, clearable, clock, degrees, ended, exact, exactWithUnit, faultWord, inUnits, limits, modeWord, parseDegrees,
  sentence, setBy, step, title, toShown, fromShown, unit, useUnits, withUnit,
} from './words.js';

const $ = (id) => document.getElementById(id);
const silence = 12_000; // ms; the agent says something every 5 s
const quiet = 700; // ms after the last press of + or − until the change is sent
const reload = 120_000; // ms between two looks at the history of a chart that is seen
const patience = 30_000; // ms until a change without an answer is given up
const leastBand = 1; // K, up_delta + down_delta: less is refused in heat_cool
const narrow = matchMedia('(max-width: 759px)');
const overviewFrom = 3; // rooms; fewer are shown whole on a phone, too

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
    this.wanted = null; // °C, pressed or typed and not answered yet
    this.typing = false; // what is in the field was typed and not entered yet
    this.change = null; // what is to be asked for once the last question is answered
    this.asking = false;
    this.obeyed = null; // the setpoint of an answer that is newer than the state
    this.card = $('zone-template').content.firstElementChild.cloneNode(true);
    this.part = (selector) => this.card.querySelector(selector);
    this.name = title(info.name);
    this.card.id = `zone-${info.name}`;
    this.card.setAttribute('aria-labelledby', `name-${info.name}`);
    this.part('.name').id = `name-${info.name}`;
    this.part('.name').textContent = this.name;
    this.makeToggle();
    this.makeModes();
    this.makeDesired();
    if (!mayChange) this.forbid();
    this.chart = new Chart(this.part('.chart'), this.name);
    this.chart.onvisible = () => this.loadHistory();
    this.loadedAt = 0;
  }

  // The setpoint in force, as far as it is told.
  get setpoint() { return this.obeyed ?? this.state; }

  makeToggle() {
    this.toggle = document.createElement('button');
    Object.assign(this.toggle, { type: 'button', className: 'toggle', textContent: this.name });
    this.toggle.addEventListener('click', () => {
      this.open(this.card.dataset.fold === 'closed');
      this.card.scrollIntoView({ block: 'nearest' });
    });
  }

  // fold makes the card a line of the overview, or whole again.
  fold(folding) {
    if (folding === 'fold' in this.card.dataset) return;
    this.part('.name').replaceChildren(folding ? this.toggle : this.name);
    if (folding) this.card.dataset.fold = 'closed';
    else delete this.card.dataset.fold;
    this.open(false);
  }

  open(yes) {
    if ('fold' in this.card.dataset) this.card.dataset.fold = yes ? 'open' : 'closed';
    this.toggle.ariaExpanded = String(yes);
  }

  makeModes() {
    this.modes = this.info.modes.map((mode) => {
      const b = document.createElement('button');
      Object.assign(b, { type: 'button', textContent: modeWord(mode), ariaPressed: 'false' });
      b.dataset.mode = mode;
      b.addEventListener('click', () => this.choose(mode));
      return b;
    });
    this.part('.modes').append(...this.modes);
  }

  makeDesired() {
    this.input = this.part('.number');
    this.part('.desired').ariaLabel = `${this.name}: temperature to hold`;
    this.input.ariaLabel = `Set ${this.name} to, in ${unit()}`;
    this.part('.limits').textContent = `(${limits(this.info)})`;
    this.part('.caption').id = `limits-${this.info.name}`;
    this.input.setAttribute('aria-describedby', `limits-${this.info.name}`);
    this.part('.input-unit').textContent = unit();
    this.part('.unit').textContent = unit();
    this.part('.down').ariaLabel = 'Colder';
    this.part('.up').ariaLabel = 'Warmer';
    this.part('.down').addEventListener('click', () => this.nudge(-1));
    this.part('.up').addEventListener('click', () => this.nudge(1));
    this.input.addEventListener('focus', () => this.input.select());
    this.input.addEventListener('input', () => { this.typing = true; });
    this.input.addEventListener('blur', () => this.enter());
    this.input.addEventListener('keydown', (e) => {
      if (e.key === 'Enter') {
        this.enter();
        this.input.select();
      }
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
    const typed = this.typing ? parseDegrees(this.input.value) : NaN;
    const from = toShown(Number.isNaN(typed) ? this.wanted ?? this.setpoint?.desired ?? 20 : typed);
    const to = fromShown(direction > 0 ? Math.floor(from / size + 1.001) * size : Math.ceil(from / size - 1.001) * size);
    this.typing = false;
    this.wanted = Math.min(Math.max(to, low), high);
    this.showDesired();
    if (to < low) this.say(`${exactWithUnit(low)} is the least here.`, 'quiet');
    if (to > high) this.say(`${exactWithUnit(high)} is the most here.`, 'quiet');
    clearTimeout(this.pressed);
    this.pressed = setTimeout(() => this.enter(), quiet);
  }

  // enter asks for what was typed or pressed, once.
  enter() {
    const pressed = this.pressed !== undefined;
    this.rest();
    if (this.typing) this.enterTyped();
    else if (pressed) this.want({ desired: this.wanted });
  }

  enterTyped() {
    const text = this.input.value, wanted = parseDegrees(text);
    this.typing = false;
    if (!Number.isNaN(wanted)) {
      this.wanted = wanted;
      this.want({ desired: wanted });
    } else if (text.trim() !== '') {
      this.say('That is no temperature.', 'refused');
    }
    this.showDesired();
  }

  // rest ends the wait for another press.
  rest() {
    clearTimeout(this.pressed);
    this.pressed = undefined;
  }

  // forget leaves what was typed or pressed.
  forget() {
    this.rest();
    this.typing = false;
    this.wanted = null;
    this.showDesired();
  }

  choose(mode) {
    this.enter();
    if (mode !== 'off' && this.wanted === null && this.setpoint?.desired === null) {
      this.say('Choose a temperature first.', 'refused');
      this.input.focus();
    } else this.want({ mode });
  }

  // want asks for a change, one after the other: on a slow link a second one
  // would overtake the first, or say again what that has just changed.
  async want(change) {
    this.change = { ...this.change, ...change };
    if (this.asking) return;
    this.asking = true;
    while (this.change) {
      const asked = this.change;
      this.change = null;
      this.say('Asking…', 'quiet');
      this.told(asked, await ask('PUT', `api/zones/${this.info.name}/control`, this.control(asked)));
    }
    this.asking = false;
  }

  // control makes a change a complete statement: what shall stay as it is, is said again.
  control(change) {
    const z = this.setpoint ?? {}, control = {};
    for (const key of ['desired', 'mode', 'up_delta', 'down_delta']) {
      const value = key in change ? change[key] : z[key];
      if (value !== null && value !== undefined) control[key] = value;
    }
    if (z.desired === null && !('mode' in change)) delete control.mode; // the usual one
    return control;
  }

  // told shows what the agent answers. The state that follows may be on its way
  // behind older ones.
  told(asked, answer) {
    const { desired, mode, up_delta, down_delta } = answer;
    if (mode) this.obeyed = { desired, mode, up_delta, down_delta, time: answer.time ? Date.parse(answer.time) : 0 };
    if (asked.desired === this.wanted && this.pressed === undefined) this.wanted = null;
    if (answer.applied) this.say(applied(answer, 'desired' in asked), 'done');
    else if (answer.lost) this.say('The agent does not answer. What it says is shown as soon as it comes.', 'refused');
    else this.say(`Not changed: ${ended(inUnits(answer.reason))}`, 'refused');
    this.showSetpoint();
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
    setText(p, this.state ? setBy(this.state) : '');
    p.dataset.kind = 'source';
  }

  // take shows a state as it came.
  take(z) {
    this.state = z;
    if (this.obeyed && Date.parse(z.time) >= this.obeyed.time) this.obeyed = null;
    this.since = Date.now();
    this.chart.push(z, this.since);
    if (['source', undefined].includes(this.part('.answer').dataset.kind)) this.saySource();
    this.showSetpoint();
    this.show();
  }

  showSetpoint() {
    const z = this.setpoint;
    for (const b of this.modes) {
      b.ariaPressed = String(b.dataset.mode === z?.mode && z?.reason !== 'no_setpoint');
      b.hidden = b.dataset.mode === 'heat_cool' && z?.mode !== 'heat_cool' && z?.up_delta + z?.down_delta < leastBand - 1e-9;
    }
    this.showDesired();
  }

  // showDesired leaves alone what is being typed.
  showDesired() {
    if (this.typing) return;
    const desired = this.wanted ?? this.setpoint?.desired ?? null, text = desired === null ? '' : exact(desired);
    if (this.input.value === text) return;
    this.input.value = text;
    if (document.activeElement === this.input) this.input.select();
  }

  // show brings the card up to date; it is called every second, too.
  show() {
    const z = this.state;
    if (z === null) return;
    const told = Date.parse(z.time) + skew, stuck = linked && agentNow + skew - told > 3000 * this.info.sample_s + 5000;
    const current = linked && !stuck;
    this.card.dataset.action = current ? z.action : 'unknown';
    const { word, trouble } = current ? actionOf(z) : { word: 'Not known', trouble: false };
    this.card.dataset.trouble = trouble;
    setText(this.part('.action-word'), word);
    setText(this.part('.aim'), z.desired !== null && z.mode !== 'off' ? `set to ${exactWithUnit(z.desired)}` : '');
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

function applied(answer, withDesired) {
  const note = answer.reason ? ` (${inUnits(answer.reason)})` : '';
  if (answer.mode === 'off' && withDesired) return `Kept for later: ${exactWithUnit(answer.desired)}. The room is switched off${note}.`;
  if (answer.mode === 'off') return `Switched off${note}.`;
  return `Set to ${exactWithUnit(answer.desired)}, ${modeWord(answer.mode).toLowerCase()}${note}.`;
}

async function ask(method, url, body) {
  try {
    const r = await fetch(url, {
      method, body: body && JSON.stringify(body), headers: { 'Content-Type': 'application/json' }, signal: AbortSignal.timeout(patience),
    });
    return await r.json();
  } catch {
    return { applied: false, lost: true, reason: 'the agent does not answer' };
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
  text.textContent = words ? words[1] : `${ended(inUnits(upper(fault.text)))} Since ${clock(Date.parse(fault.since) + skew, true)}.`;
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
    zone.open(true); // the answer is there
    zone.say(answer.applied ? 'Cleared; what still holds comes back.' : `Not cleared: ${ended(inUnits(answer.reason))}`, answer.applied ? 'done' : 'refused');
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
    foldAll();
    $('zones').append(...[...zones.values()].map((z) => z.card));
  } else if (h.zones.map((z) => JSON.stringify(z)).join() !== [...zones.values()].map((z) => JSON.stringify(z.info)).join()) {
    location.reload(); // another configuration
  }
  for (const z of zones.values()) z.obeyed = null; // another agent, or another clock
  retry = 0;
}

// foldAll makes the rooms an overview where the cards would be screens apart.
function foldAll() {
  for (const z of zones.values()) z.fold(narrow.matches && zones.size >= overviewFrom);
}
narrow.addEventListener('change', foldAll);

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
