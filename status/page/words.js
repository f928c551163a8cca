// Words and numbers for people. Everything inside is °C and K; only what is
// shown or typed is in the page's units.

import { locale, phrases } from './lang.js';

let fahrenheit = false;

export function useUnits(units) { fahrenheit = units === 'F'; }

export const unit = () => (fahrenheit ? '°F' : '°C');

export const toShown = (celsius) => (fahrenheit ? celsius * 1.8 + 32 : celsius);

const fromF = (f) => Math.round(((f - 32) / 1.8) * 1e4) / 1e4;

export const fromShown = (shown) => (fahrenheit ? fromF(shown) : shown);

// step is how far one press on + or − goes, in shown degrees.
export const step = () => (fahrenheit ? 1 : 0.5);

// formatter gives one of Intl's formats. To make one takes long.
const formatters = new Map();
function formatter(Kind, options) {
  const key = `${Kind.name} ${locale} ${JSON.stringify(options)}`;
  if (!formatters.has(key)) formatters.set(key, new Kind(locale, options));
  return formatters.get(key);
}

// number writes a number with so many decimals, at least and at most.
export function number(x, least, most = least) {
  const options = { minimumFractionDigits: least, maximumFractionDigits: most, useGrouping: false, numberingSystem: 'latn' };
  return formatter(Intl.NumberFormat, options).format(x).replace('-', '−');
}

const isKnown = (celsius) => celsius !== null && celsius !== undefined;

export const degrees = (celsius, digits = 1) => (isKnown(celsius) ? number(toShown(celsius), digits) : '–');

export const withUnit = (celsius, digits = 1) => `${degrees(celsius, digits)}\u00a0${unit()}`;

// exact is a setpoint as it is: 20.0 and 20.25. In °F a hundredth is closer than what the agent keeps.
export const exact = (celsius) => (isKnown(celsius) ? number(toShown(celsius), 1, fahrenheit ? 2 : 3) : '–');

export const exactWithUnit = (celsius) => `${exact(celsius)}\u00a0${unit()}`;

// short is a temperature as a person writes it: 20, 20.5. A program keeps hundredths of °C,
// so in °F it is a tenth.
export const short = (celsius) => (isKnown(celsius) ? number(toShown(celsius), 0, fahrenheit ? 1 : 3) : '–');
export const shortWithUnit = (celsius) => `${short(celsius)}\u00a0${unit()}`;

// stepFrom gives the next whole step from a temperature, in °C.
export function stepFrom(celsius, direction) {
  const size = step(), from = toShown(celsius) / size, near = 0.01; // what is that close to a step stands on it
  return fromShown((direction > 0 ? Math.floor(from + 1 + near) : Math.ceil(from - 1 - near)) * size);
}

// limits are what may be set, in shown degrees as a person writes them.
export function limits({ desired_min: low, desired_max: high }) {
  return `${phrases.limits(short(low), short(high))}\u00a0${unit()}`;
}

// ended puts a full stop where a sentence has no end yet.
export const ended = (text) => (/[.?!…]$/.test(text) ? text : `${text}.`);

// inUnits turns the temperatures in one of the agent's sentences into °F.
export function inUnits(text) {
  if (!fahrenheit) return text.replaceAll(' °C', '\u00a0°C');
  const one = (c) => String(Math.round(toShown(Number(c)) * 10) / 10);
  return text
    .replace(/^(desired[^:]*): (-?[\d.]+) (.*°C)/, (_, what, value, rest) => `${what}: ${one(value)} ${rest}`)
    .replace(/(-?[\d.]+)\.\.(-?[\d.]+) °C/g, (_, low, high) => `${one(low)}..${one(high)}\u00a0°F`)
    .replace(/(-?[\d.]+) °C/g, (_, c) => `${one(c)}\u00a0°F`);
}

// parseDegrees reads what a person typed, in °C; NaN if it is no temperature.
// A unit that is typed counts, else the page's own; some keyboards have only º.
export function parseDegrees(text) {
  const plain = text.trim().replace('−', '-').replace(',', '.').replace('℃', '°C').replace('℉', '°F');
  const [, number, typed] = plain.match(/^([-+]?(?:\d+\.?\d*|\.\d+))\s*[°º]?\s*([CF]?)$/i) ?? [];
  if (number === undefined) return NaN;
  if (typed) return typed.toUpperCase() === 'F' ? fromF(Number(number)) : Number(number);
  return fromShown(Number(number));
}

export function duration(seconds) {
  if (seconds < 120) return `${Math.ceil(seconds)}\u00a0s`;
  if (seconds < 7200) return `${Math.ceil(seconds / 60)}\u00a0min`;
  return `${Math.ceil(seconds / 3600)}\u00a0h`;
}

// list says names one after the other: Bath, Hall and Den.
export const list = (names) => formatter(Intl.ListFormat, { type: 'conjunction' }).format(names);

// clock says a time of day on the clocks of the house.
export const clock = (ms, seconds = false) => formatter(Intl.DateTimeFormat, { timeZone, timeStyle: seconds ? 'medium' : 'short' }).format(ms);

// timeOfDay says a minute of a day, dayName a day of the week from Monday, 0, on.
export const timeOfDay = (minute) => formatter(Intl.DateTimeFormat, { timeStyle: 'short', timeZone: 'UTC' }).format(minute * 60_000);
export const dayName = (day, weekday = 'long') => formatter(Intl.DateTimeFormat, { weekday, timeZone: 'UTC' }).format(Date.UTC(2024, 0, 1 + day));

// hours are the marks of a day: 0, 6, 12 and so on, or 12 AM where people count so.
export function hours(step) {
  const format = formatter(Intl.DateTimeFormat, { hour: 'numeric', timeZone: 'UTC' }), { hour12 } = format.resolvedOptions();
  return Array.from({ length: 24 / step + 1 }, (_, i) => (hour12 ? format.format(i * step * 3_600_000) : String(i * step)));
}

// The clocks of the house, by which its programs run; without a word those of this machine.
let timeZone;
let house = houseClock();
function houseClock() {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone, weekday: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  });
}

export function useTimezone(name) {
  timeZone = name || undefined;
  try {
    house = houseClock();
  } catch {
    timeZone = undefined; // a name that this browser does not know
    house = houseClock();
  }
}

// houseTime gives a moment on the clocks of the house; days count from Monday.
export function houseTime(ms) {
  const part = Object.fromEntries(house.formatToParts(ms).map(({ type, value }) => [type, value]));
  const day = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(part.weekday);
  return {
    date: `${part.year}-${part.month}-${part.day}`, time: `${part.hour}:${part.minute}`, day,
    minute: Number(part.hour) * 60 + Number(part.minute),
  };
}

// houseOffset gives how far the clocks of the house are ahead of UTC, in ms.
export function houseOffset(ms) {
  const { date, time } = houseTime(ms);
  return Date.parse(`${date}T${time}Z`) - Math.floor(ms / 60_000) * 60_000;
}

// when says a moment as short as it is clear from now, on the clocks of the house.
export function when(ms, now) {
  const said = (options) => formatter(Intl.DateTimeFormat, { timeZone, ...options }).format(ms), time = said({ timeStyle: 'short' });
  if (houseTime(ms).date === houseTime(now).date) return time;
  return `${said(ms - now < 6 * 86_400_000 ? { weekday: 'short' } : dateOf(ms, now))} ${time}`;
}

// dateOf is how a date is written: with its year only where that is not clear.
const dateOf = (ms, now) => ({ day: 'numeric', month: 'short', ...(Math.abs(ms - now) < 335 * 86_400_000 ? {} : { year: 'numeric' }) });

// dayAndTime says a moment on the clocks of the house, YYYY-MM-DDTHH:MM, with its weekday.
export function dayAndTime(local, now) {
  const ms = Date.parse(`${local}Z`), said = (options) => formatter(Intl.DateTimeFormat, { timeZone: 'UTC', ...options }).format(ms);
  return `${said({ weekday: 'short', ...dateOf(ms, now) })}, ${said({ timeStyle: 'short' })}`;
}

// soon says a moment of the next hours by its time alone.
export const soon = (ms, now) => (ms - now < 20 * 3_600_000 ? clock(ms) : when(ms, now));

// title makes a heading of a configured name: living-room is Living room.
export function title(name) {
  return upper(name.replaceAll('-', ' ').trim());
}

export const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);

export const modeWord = (mode) => phrases.modes[mode] ?? mode;

// named gives what a table has under a name that others chose, which may be one that JavaScript has itself.
export const named = (table, name) => (Object.hasOwn(table, name) ? table[name] : undefined);

// presetWord is a preset's name to read; what people named themselves stays.
export const presetWord = (name) => named(phrases.presets, name) ?? name;

// actionOf says in a word or two what a zone does, and whether that is trouble: nothing
// runs then, and that is not what was asked for.
export function actionOf(z) {
  const { actions, pauses, troubles, troublesOfFaults } = phrases;
  if (running(z)) return { word: actions[z.action], trouble: false };
  const fault = z.faults?.find((f) => f.name in troublesOfFaults), trouble = troubles[z.reason] ?? (z.mode !== 'off' && fault && troublesOfFaults[fault.name]);
  if (trouble) return { word: trouble, trouble: true };
  return { word: pauses[z.reason] ?? actions[z.action] ?? z.action, trouble: false };
}

// programWaits tells a zone that was set by hand, without an end, and has a program. While everybody is away it does not wait.
const programWaits = (z) => z.next && !z.hold_until && !(z.control?.preset === 'away' && z.control.then) && !['default', 'frost', 'window_open'].includes(z.target) && !['auto', 'off'].includes(z.mode);

// setBy says whose word a zone obeys. A configured default is nobody's.
// A week that somebody saved is not as configured.
export function setBy(z, program) {
  if (z.reason === 'no_setpoint') return phrases.notSet;
  if (programWaits(z)) return phrases.programWaits(exactWithUnit(z.desired));
  if (z.source === 'config' && program && program.week !== program.configured) return z.target === 'program' ? phrases.savedWeek : '';
  if (z.source === 'config') return phrases.asConfigured;
  return z.source ? phrases.setBy(named(phrases.sources, z.source) ?? phrases.byName(z.source)) : '';
}

// aim says a target in words: 18 °C (eco), off.
export function aim(celsius, preset) {
  if (celsius === null) return phrases.off;
  return `${shortWithUnit(celsius)}${preset ? ` (${presetWord(preset)})` : ''}`;
}

// outlook says until when a zone aims at what it does, and what comes then.
// program tells what it would aim at; now is the agent's clock.
export function outlook(z, program, now) {
  const is = upper(z.reason === 'mode_off' ? phrases.off : aim(z.desired, null));
  if (z.target === 'program') return z.next ? phrases.untilThen(is, when(Date.parse(z.next.at), now), aim(z.next.desired, z.next.preset)) : '';
  const held = z.control?.hold_until ? Date.parse(z.control.hold_until) : null, then = z.control?.then ?? null;
  const chosen = then === null || then.mode === 'auto' && then.desired === null && then.preset === null; // by the program
  const coming = chosen ? held && program.aimAt(held) : then.mode === 'off' ? phrases.off : aim(then.desired, then.preset);
  const would = z.next && chosen ? program.aimAt(now) : null;
  const words = [];
  if (held) words.push(coming ? phrases.untilThen(is, when(held, now), coming) : phrases.until(is, when(held, now)));
  if (would && would !== coming) words.push(phrases.would(would));
  return words.join(' ');
}

// sentence says what a zone does and why. wait is what is left of wait_s.
export function sentence(z, wait) {
  const left = wait > 0 ? duration(wait) : '';
  if (z.reason in phrases.waits) return phrases.waitsFor(phrases.waits[z.reason], left);
  if (z.reason in phrases.explanations) return phrases.explanations[z.reason];
  if (z.reason === 'min_on') return phrases.staysOn(left);
  if (z.target === 'frost' && running(z)) return phrases.againstFrost(exactWithUnit(z.desired + z.up_delta));
  if (z.reason === 'preheat') return phrases.preheats(exactWithUnit(z.next?.desired ?? z.desired), z.next && ahead(z, z.next.at)); // desired may be what counts until then
  if (z.reason === 'sensor_loss') return (z.mode === 'cool' ? phrases.shareOfCooling : phrases.shareOfHeat)(running(z) ? phrases.on : phrases.off);
  if (z.reason === 'setback_soon') return z.next ? phrases.setbackSoon(ahead(z, z.next.at), aim(z.next.desired, null)) : phrases.setbackNext;
  return foreseen(z) || inBand(z);
}

// ahead says a moment to come, as seen from a state's.
const ahead = (z, at) => when(Date.parse(at), Date.parse(z.time));

// switchesAt says when a zone switches next, as foreseen; empty where nothing tells.
function switchesAt(z) {
  const left = z.foresight?.next_switch_s ?? null;
  return left === null ? '' : ahead(z, new Date(Date.parse(z.time) + left * 1000).toISOString());
}

// foreseen tells what a law that looks ahead waits for; empty where it does not.
function foreseen(z) {
  const turn = z.foresight?.turns_at ?? null, cools = onlyCools(z), time = switchesAt(z);
  if (turn === null) return '';
  if (z.reason === 'too_cold_soon') return phrases.heatsEarly(withUnit(turn));
  if (z.reason === 'too_warm_soon') return phrases.coolsEarly(withUnit(turn));
  const stillMoves = isKnown(z.temperature) && (cools ? z.temperature - turn : turn - z.temperature) >= 0.1;
  if (z.reason === 'warm_enough' || z.reason === 'cool_enough' || !running(z) && stillMoves) return (cools ? phrases.restCools : phrases.restWarms)(withUnit(turn));
  if (!time) return '';
  const low = exactWithUnit(z.desired - z.down_delta), high = exactWithUnit(z.desired + z.up_delta);
  if (running(z)) return cools ? phrases.coolsAbout(time, low) : phrases.heatsAbout(time, high);
  return cools ? phrases.coolUntil(time, high) : phrases.warmUntil(time, low);
}

// onlyCools tells a zone without a heater.
const onlyCools = (z) => z.mode === 'cool' || isKnown(z.cooler_cycles) && !isKnown(z.heater_cycles);

// kelvin says by how much temperatures differ.
const kelvin = (k) => `${number(fahrenheit ? k * 1.8 : k, 1)}\u00a0${fahrenheit ? '°F' : 'K'}`;

// learned says what is known of a room; empty before anything is.
export function learned(z) {
  const f = z.foresight, words = [];
  if (!f) return '';
  if (!f.trusted) words.push(phrases.learning);
  else words.push((onlyCools(z) ? phrases.learnedCold : phrases.learnedHeat)(duration(f.lag_min * 60), kelvin(f.warms_k_per_h), kelvin(f.loses_k_per_h)));
  if (f.budget_unmet) words.push(phrases.startsTooOften(number(f.starts_per_day, 0, 1), number(f.budget_per_day, 0, 1)));
  else if (f.starts_per_day) words.push(phrases.startsADay(number(f.starts_per_day, 0, 1)));
  const time = switchesAt(z);
  if (time) words.push(phrases.switchesAbout(time));
  return words.join(' ');
}

const running = (z) => z.action === 'heating' || z.action === 'cooling';

// inBand tells what comes next: where the stretch ends, or where one begins.
function inBand(z) {
  const low = exactWithUnit(z.desired - z.down_delta), high = exactWithUnit(z.desired + z.up_delta), both = z.mode === 'heat_cool';
  if (z.action === 'heating') return phrases.heatsUntil(both ? exactWithUnit(z.desired) : high);
  if (z.action === 'cooling') return phrases.coolsUntil(both ? exactWithUnit(z.desired) : low);
  if (both) return phrases.restsBetween(low, high);
  return z.mode === 'cool' ? phrases.coolEnough(high) : phrases.warmEnough(low);
}

export const faultWord = (name) => phrases.faults[name] ?? title(name.replaceAll('_', ' '));

// What a person may clear.
export const clearable = (name) => ['not_warming', 'not_cooling', 'still_warming', 'still_cooling'].includes(name);
