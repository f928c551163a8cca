// The page: one stream of events in, requests for changes out.

import { Chart } from './chart.js';
import { ask, button, copyOf, make, onLeave, setText } from './dom.js';
import { Editor } from './editor.js';
import { Hands } from './hands.js';
import { House } from './house.js';
import { choose, fill, language, languages, nameOf, phrases } from './lang.js';
import { Program } from './program.js';
import { Source } from './source.js';
import {
  actionOf, clearable, clock, degrees, ended, exact, exactWithUnit, faultWord, inUnits, learned, limits, modeWord, outlook, parseDegrees,
  sentence, setBy, soon, stepFrom, title, unit, upper, useTimezone, useUnits, when, withUnit,
} from './words.js';

const $ = (id) => document.getElementById(id);
const silence = 12_000; // ms; the agent says something every 5 s
const unseen = 60_000; // ms that a page keeps its stream without being seen; a browser has six connections for all its pages of one host
const quiet = 700; // ms after the last press of + or − until the change is sent
const reload = 120_000; // ms between two looks at the history of a chart that is seen
const leastHold = 5 * 60_000; // ms; shorter is no boost
const leastBand = 1; // K, up_delta + down_delta: less is refused in heat_cool
const narrow = matchMedia('(max-width: 759px)');
const overviewFrom = 3; // rooms; fewer are shown whole on a phone, too

const zones = new Map();
const sources = new Map();
let setup = null; // which zones and sources there are, as text
let edition = null; // of this page
let skew = 0; // what our clock is ahead of the agent's, ms
let agentNow = 0; // the agent's clock at its last beat
let heard = 0; // when the stream last said something
let seen = Date.now(); // when somebody last saw the page
let linked = false;
let stream = null;
let retry = 0;
let broker = null;
let programs = 0; // that have been in force, as the agent counts them
const house = new House($('house'));

document.documentElement.lang = language;
fill(document);
$('languages').append(...languages.filter((name) => name !== language).map((name) => button(nameOf(name), () => { keepUnsaved(); choose(name); }, { lang: name })));

// Weeks that are not saved yet: leaving the page asks first, another language or edition keeps them.
const unsavedPlace = 'thermostat-unsaved';
let keeps = false;
const unsaved = () => Object.fromEntries([...zones].map(([name, z]) => [name, z.editor.unsaved]).filter(([, week]) => week));
addEventListener('beforeunload', (e) => { if (!keeps && Object.keys(unsaved()).length > 0) e.preventDefault(); });

function keepUnsaved() {
  try {
    sessionStorage.setItem(unsavedPlace, JSON.stringify(unsaved()));
    keeps = true;
  } catch { /* a browser that keeps nothing asks */ }
}

function resumeUnsaved() {
  let kept;
  try {
    kept = JSON.parse(sessionStorage.getItem(unsavedPlace));
    sessionStorage.removeItem(unsavedPlace);
  } catch { /* nothing was kept */ }
  for (const [name, week] of Object.entries(kept ?? {})) {
    zones.get(name)?.open(true);
    zones.get(name)?.editor.resume(week);
  }
}

// link tells a source how far the agent is heard.
const link = () => ({ linked, agentNow, skew });

// agentTime gives the agent's clock.
const agentTime = () => Date.now() - skew;

// said leaves out of a control what nobody said.
function said(control) {
  const words = Object.entries(control).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(words.map(([key, value]) => [key, key === 'then' ? said(value) : value]));
}

// holds is what a setpoint says, to compare.
const holds = ({ desired, mode }) => JSON.stringify([desired, mode]);

// A zone's card.
class Zone {
  constructor(info, mayChange) {
    this.info = info;
    this.state = null;
    this.since = 0; // when the state came
    this.wanted = null; // °C, pressed or typed and not answered yet
    this.typing = false; // what is in the field was typed and not entered yet
    this.change = null; // what is to be asked for once the last question is answered
    this.turn = Promise.resolve(); // the last question's answer
    this.ending = null; // ms, the end of a boost that was asked for and is not told yet
    this.obeyed = null; // the setpoint of an answer that is newer than the state
    this.card = copyOf('zone-template');
    this.part = (selector) => this.card.querySelector(selector);
    this.name = info.title || title(info.name);
    this.card.id = `zone-${info.name}`;
    this.card.setAttribute('aria-labelledby', `name-${info.name}`);
    this.part('.name').id = `name-${info.name}`;
    this.part('.name').textContent = this.name;
    this.makeToggle();
    this.makeModes();
    this.makeDesired();
    this.program = new Program(info.name);
    this.program.listeners.push(() => {
      this.showOutlook();
      this.showSetpoint();
      if (this.part('.answer').dataset.kind === 'source') this.saySource();
    });
    this.hands = new Hands(this.part('.hands'), this);
    this.editor = new Editor(this.part('.week-box'), this, mayChange, agentTime);
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
    this.modes = [...new Set([...this.info.modes, 'auto'])].map((mode) => {
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
    this.part('.desired').ariaLabel = phrases.roomHolds(this.name);
    this.input.ariaLabel = phrases.roomSetTo(this.name, unit());
    this.part('.limits').textContent = `(${limits(this.info)})`;
    this.part('.caption').id = `limits-${this.info.name}`;
    this.input.setAttribute('aria-describedby', `limits-${this.info.name}`);
    this.part('.input-unit').textContent = unit();
    this.part('.unit').textContent = unit();
    this.part('.down').ariaLabel = phrases.colder;
    this.part('.up').ariaLabel = phrases.warmer;
    this.part('.down').addEventListener('click', () => this.nudge(-1));
    this.part('.up').addEventListener('click', () => this.nudge(1));
    this.input.addEventListener('focus', () => this.input.select());
    this.input.addEventListener('input', () => { this.typing = true; });
    onLeave(this.input, () => this.enter());
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
    this.hands.forbid();
    this.say(phrases.onlyShows, 'quiet');
  }

  // nudge goes to the next whole step, and sends once nobody presses any more.
  nudge(direction) {
    const { desired_min: low, desired_max: high } = this.info;
    const typed = this.typing ? parseDegrees(this.input.value) : NaN;
    const to = stepFrom(Number.isNaN(typed) ? this.wanted ?? this.setpoint?.desired ?? 20 : typed, direction);
    this.typing = false;
    this.wanted = Math.min(Math.max(to, low), high);
    this.showDesired();
    if (to < low) this.say(phrases.least(exactWithUnit(low)), 'quiet');
    if (to > high) this.say(phrases.most(exactWithUnit(high)), 'quiet');
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
      this.say(phrases.noTemperature, 'refused');
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
    if (mode !== 'off' && mode !== 'auto' && this.wanted === null && this.setpoint?.desired === null) {
      this.say(phrases.chooseFirst, 'refused');
      this.input.focus();
    } else this.want({ mode });
  }

  // want asks for a change, one after the other: on a slow link a second one
  // would overtake the first, or say again what that has just changed.
  want(change) {
    const waits = this.change !== null, { preset, desired, ...kept } = this.change ?? {};
    const chooses = 'desired' in change || 'preset' in change;
    this.change = chooses ? { ...kept, ...change } : { ...this.change, ...change };
    if (waits) return;
    this.inTurn(async () => {
      const asked = this.change;
      this.change = null;
      this.told(asked, await ask('PUT', `api/zones/${this.info.name}/control`, this.control(asked)));
    });
  }

  // prefer takes a preset in the place of what was typed or pressed.
  prefer(preset) {
    this.forget();
    this.want({ preset });
  }

  // extend moves the end of a boost.
  extend(minutes) {
    const end = (this.ending ?? Date.parse(this.state.control.hold_until)) + minutes * 60_000;
    this.ending = Math.max(end, agentTime() + leastHold);
    this.want({ hold_until: new Date(this.ending).toISOString() });
  }

  // hand begins a boost that lasts so many ms, or ends what is held.
  hand(what, body, lasts) {
    this.enter();
    this.inTurn(async () => {
      const answer = await ask('POST', `api/zones/${this.info.name}/${what}`, body);
      this.told(lasts && answer.time ? { hold_until: Date.parse(answer.time) + lasts } : {}, answer);
    });
  }

  inTurn(question) {
    this.turn = this.turn.then(() => {
      this.say(phrases.asking, 'quiet');
      return question();
    });
  }

  // control makes a change a complete statement: what shall stay as it is, is said again.
  control(change) {
    const z = this.setpoint ?? {}, control = {};
    for (const key of ['desired', 'mode', 'up_delta', 'down_delta']) {
      const value = key in change ? change[key] : z[key];
      if (value !== null && value !== undefined) control[key] = value;
    }
    if (z.desired === null && !('mode' in change)) delete control.mode; // the usual one
    if ('preset' in change) return presetControl(control, change.preset);
    const held = this.state?.control;
    if ('hold_until' in change) control.preset = held.preset; // a boost that ends at another time
    if (!('mode' in change) && held?.hold_until) Object.assign(control, said({ hold_until: change.hold_until ?? held.hold_until, then: held.then }));
    else if (control.mode === 'auto' && !('desired' in change)) delete control.desired; // the program chooses
    return control;
  }

  // told shows what the agent answers. The state that follows may be on its way
  // behind older ones.
  told(asked, answer) {
    const { desired, mode, up_delta, down_delta } = answer;
    if (mode) this.obeyed = { desired, mode, up_delta, down_delta, time: answer.time ? Date.parse(answer.time) : 0 };
    if (!answer.applied) this.ending = null;
    if (asked.desired === this.wanted && this.pressed === undefined) this.wanted = null;
    if (answer.applied) this.say(applied(answer, 'desired' in asked, asked.hold_until && soon(new Date(asked.hold_until), agentTime())), 'done');
    else if (answer.lost) this.say(phrases.noAnswerYet, 'refused');
    else this.say(phrases.notChanged(ended(inUnits(answer.reason))), 'refused');
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
    setText(p, this.state ? setBy(this.state, this.program.told) : '');
    p.dataset.kind = 'source';
  }

  // take shows a state as it came.
  take(z) {
    if (this.state && JSON.stringify(z.next) !== JSON.stringify(this.state.next)) this.program.load().then(showHouse); // it may be another, which a beat tells later
    const changed = this.state && !(this.obeyed?.time > Date.parse(z.time)) && holds(z) !== holds(this.setpoint); // not by what was asked for here
    if (z.control?.hold_until !== this.state?.control?.hold_until) this.ending = null;
    this.state = z;
    if (this.obeyed && Date.parse(z.time) >= this.obeyed.time) this.obeyed = null;
    this.since = Date.now();
    this.chart.push(z, this.since);
    const { kind } = this.part('.answer').dataset;
    if (kind === 'source' || kind === undefined || kind === 'refused' && changed) this.saySource();
    this.showSetpoint();
    this.show();
  }

  showSetpoint() {
    const z = this.setpoint, programmed = z?.mode === 'auto' || this.state?.next || this.program.told?.week;
    for (const b of this.modes) {
      b.ariaPressed = String(b.dataset.mode === z?.mode && z?.reason !== 'no_setpoint');
      b.hidden = b.dataset.mode === 'auto' ? !programmed : b.dataset.mode === 'heat_cool' && z?.mode !== 'heat_cool' && z?.up_delta + z?.down_delta < leastBand - 1e-9;
    }
    this.hands.show(this.state);
    this.editor.showFollow();
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

  // stuck tells that the zone has decided nothing for long.
  get stuck() { return linked && agentNow - Date.parse(this.state.time) > 3000 * this.info.sample_s + 5000; }

  // show brings the card up to date; it is called every second, too.
  show() {
    const z = this.state;
    if (z === null) return;
    const told = Date.parse(z.time) + skew, { stuck } = this;
    const current = linked && !stuck;
    this.card.dataset.action = current ? z.action : 'unknown';
    const { word, trouble } = current ? actionOf(z) : { word: phrases.actions.unknown, trouble: false };
    this.card.dataset.trouble = trouble;
    setText(this.part('.action-word'), word);
    setText(this.part('.aim'), aimLine(z));
    this.showOutlook();
    setText(this.part('.learned'), current ? learned(z) : '');
    this.editor.tick();
    setText(this.part('.temperature'), current ? degrees(z.temperature) : '–');
    this.part('.unit').hidden = !current || z.temperature === null;
    setText(this.part('.humidity'), current && z.humidity !== null ? phrases.humidity(Math.round(z.humidity)) : '');
    setText(this.part('.sentence'), this.sentence(z, told, stuck));
    const now = Date.now();
    if (current) this.chart.hold(now);
    this.chart.drawIfDue(now);
    if (linked && this.chart.visible && now - this.loadedAt > reload) this.loadHistory();
  }

  showOutlook() {
    if (this.state) setText(this.part('.outlook'), linked ? outlook(this.state, this.program, agentTime()) : '');
  }

  sentence(z, told, stuck) {
    const was = z.temperature === null ? '' : ` ${phrases.itWas(withUnit(z.temperature))}`;
    if (!linked) return phrases.lastHeard(clock(told, true)) + was;
    if (stuck) return phrases.stuck(clock(told, true)) + was;
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

// aimLine says in the overview what a room is set to, and until when it is held.
function aimLine(z) {
  if (z.desired === null || z.mode === 'off' || z.reason === 'mode_off') return '';
  return z.hold_until ? phrases.isSetUntil(exactWithUnit(z.desired), when(Date.parse(z.hold_until), agentTime())) : phrases.isSetTo(exactWithUnit(z.desired));
}

function applied(answer, withDesired, until) {
  const note = answer.reason ? ` (${inUnits(answer.reason)})` : '';
  if (answer.mode === 'off' && withDesired) return phrases.isKept(exactWithUnit(answer.desired), note);
  if (answer.mode === 'off') return phrases.isOff(note);
  if (until) return phrases.isBoosted(exactWithUnit(answer.desired), until, note);
  return phrases.isSet(exactWithUnit(answer.desired), modeWord(answer.mode), note);
}

// presetControl holds a preset: in auto until the next transition, else for ever.
// A room that is off takes its usual mode.
function presetControl({ desired, mode, ...control }, preset) {
  return mode === undefined || mode === 'off' ? { ...control, preset } : { ...control, mode, preset };
}

// Faults on top, in plain words; the broker's absence among them. One of which only numbers have changed is the same.
function showNotices() {
  const list = [];
  for (const zone of [...sources.values(), ...zones.values()]) {
    for (const f of zone.state?.faults ?? []) list.push({ key: `${zone.info.name}/${f.name}/${f.text.replace(/\d+/g, '0')}`, zone, fault: f });
  }
  if (linked && broker === false) list.push({ key: 'broker', words: [phrases.noBroker, phrases.noBrokerText] });
  const wanted = new Map(list.map((n) => [n.key, n])), there = new Set();
  for (const li of [...$('notices').children]) {
    const { key } = li.dataset;
    if (!wanted.has(key)) li.remove();
    else there.add(key);
    if (wanted.get(key)?.fault) renew(li.querySelector('[lang]'), wanted.get(key).fault);
  }
  $('notices').append(...list.filter((n) => !there.has(n.key)).map(makeNotice));
}

const faultText = (fault) => ended(inUnits(upper(fault.text)));

// renew shows the numbers of a fault that is told already. A screen reader does not say them each time.
function renew(said, fault) {
  if (said.textContent === faultText(fault)) return;
  said.ariaLive = 'off';
  said.textContent = faultText(fault);
}

function makeNotice({ key, zone, fault, words }) {
  const li = document.createElement('li'), head = document.createElement('strong'), text = document.createElement('span');
  li.dataset.key = key;
  head.textContent = words ? words[0] : `${zone.name}: ${faultWord(fault.name)}`;
  if (words) text.textContent = words[1];
  else text.append(make('span', { lang: 'en', textContent: faultText(fault) }), ` ${phrases.since(clock(Date.parse(fault.since) + skew, true))}`);
  li.append(head, text);
  if (fault && clearable(fault.name)) li.append(makeClear(zone));
  return li;
}

function makeClear(zone) {
  const b = document.createElement('button');
  Object.assign(b, { type: 'button', textContent: phrases.clear, ariaLabel: phrases.clearOf(zone.name) });
  b.disabled = zone.part('.up').disabled;
  b.addEventListener('click', async () => {
    const answer = await ask('POST', `api/zones/${zone.info.name}/clear`);
    zone.open(true); // the answer is there
    zone.say(answer.applied ? phrases.cleared : phrases.notCleared(ended(inUnits(answer.reason))), answer.applied ? 'done' : 'refused');
  });
  return b;
}

// The stream.
function connect() {
  stream?.close();
  stream = new EventSource('api/events');
  heard = Date.now();
  stream.addEventListener('hello', (e) => welcome(JSON.parse(e.data)));
  stream.addEventListener('beat', (e) => takeBeat(JSON.parse(e.data)));
  stream.addEventListener('zone', (e) => takeZone(JSON.parse(e.data)));
  stream.addEventListener('source', (e) => takeSource(JSON.parse(e.data)));
  stream.addEventListener('error', lost);
}

function welcome(h) {
  heard = Date.now();
  if (edition !== null && edition !== h.page) {
    keepUnsaved();
    location.reload();
    return;
  }
  edition = h.page;
  useUnits(h.units);
  useTimezone(h.timezone);
  document.title = `${h.device} · Thermostat`;
  $('device').textContent = h.device;
  $('about').textContent = `thermostat ${h.version}`;
  $('nothing').hidden = h.zones.length > 0;
  const infos = h.zones.map(({ program, ...info }) => info);
  const told = JSON.stringify([infos, h.sources]);
  if (setup === null) {
    setup = told;
    for (const info of h.sources) sources.set(info.name, new Source(info, zones));
    $('sources').append(...[...sources.values()].map((s) => s.strip));
    for (const info of infos) zones.set(info.name, new Zone(info, h.changes !== 'none'));
    if (h.changes === 'none') house.forbid();
    foldAll();
    $('zones').append(...[...zones.values()].map((z) => z.card));
    showAsked();
  } else if (setup !== told) {
    keepUnsaved();
    location.reload(); // another configuration
    return;
  }
  for (const { name, program } of h.zones) {
    const z = zones.get(name);
    z.obeyed = null; // another agent, or another clock
    z.program.take(program);
  }
  programs = h.programs;
  resumeUnsaved();
  showHouse();
  retry = 0;
}

// foldAll makes the rooms an overview where the cards would be screens apart.
function foldAll() {
  for (const z of zones.values()) z.fold(narrow.matches && zones.size >= overviewFrom);
}
narrow.addEventListener('change', foldAll);

// showAsked opens the room that the address names, as Home Assistant's link does.
function showAsked() {
  const asked = [...zones.values()].find((z) => `#${z.card.id}` === location.hash);
  asked?.open(true);
  asked?.card.scrollIntoView();
}
addEventListener('hashchange', showAsked);

function takeBeat(b) {
  heard = Date.now();
  const setBack = Date.parse(b.time) < agentNow;
  agentNow = Date.parse(b.time);
  if (setBack) for (const z of zones.values()) z.obeyed = null; // its times tell nothing of what comes now
  skew = Math.abs(heard - agentNow) < 2000 ? 0 : heard - agentNow;
  broker = b.broker;
  if (!linked) relinked();
  if (b.programs !== programs) loadPrograms(b.programs);
  showNotices();
}

// loadPrograms fetches what somebody has changed of any room; what fails, at the next beat again.
async function loadPrograms(count) {
  const all = await Promise.all([...zones.values()].map((z) => z.program.load()));
  if (all.every(Boolean)) programs = count;
  showHouse();
}

function relinked() {
  linked = true;
  setLink('live', phrases.live);
  for (const z of zones.values()) {
    z.loadedAt = 0;
    if (z.chart.visible) z.loadHistory();
  }
}

const showHouse = () => house.show([...zones.values()], agentTime());

function takeZone(state) {
  heard = Date.now();
  zones.get(state.zone)?.take(state);
  showHouse();
  showNotices();
}

function takeSource(state) {
  heard = Date.now();
  sources.get(state.name)?.take(state, link());
  showNotices();
}

function showAll() {
  for (const z of zones.values()) z.show();
  for (const s of sources.values()) s.show(link());
}

function lost() {
  stream?.close();
  stream = null;
  if (linked) for (const z of zones.values()) z.chart.break();
  linked = false;
  setLink('lost', phrases.lost);
  showAll();
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
  if (!document.hidden) seen = Date.now();
  if (Date.now() - seen > unseen) rest();
  if (stream && Date.now() - heard > silence) lost();
  showAll();
}, 1000);

// rest lets go of the agent until the page is seen again.
function rest() {
  clearTimeout(connecting);
  stream?.close();
  stream = null;
}

// A phone that slept finds out at once, and so does a page that rested.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'visible' || stream && Date.now() - heard <= silence) return;
  retry = 0;
  lost();
  clearTimeout(connecting);
  connect();
});
addEventListener('pagehide', () => stream?.close());
addEventListener('pageshow', (e) => { if (e.persisted) connect(); });
connect();
