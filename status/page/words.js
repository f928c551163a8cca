// Words and numbers for people. Everything inside is °C and K; only what is
// shown or typed is in the page's units.

let fahrenheit = false;

export function useUnits(units) { fahrenheit = units === 'F'; }

export const unit = () => (fahrenheit ? '°F' : '°C');

export const toShown = (celsius) => (fahrenheit ? celsius * 1.8 + 32 : celsius);

export function fromShown(shown) {
  return fahrenheit ? Math.round(((shown - 32) / 1.8) * 1e4) / 1e4 : shown;
}

// step is how far one press on + or − goes, in shown degrees.
export const step = () => (fahrenheit ? 1 : 0.5);

export function degrees(celsius, digits = 1) {
  if (celsius === null || celsius === undefined) return '–';
  return toShown(celsius).toFixed(digits).replace('-', '−');
}

export const withUnit = (celsius, digits = 1) => `${degrees(celsius, digits)} ${unit()}`;

// inUnits turns the temperatures in one of the agent's sentences into °F.
export function inUnits(text) {
  if (!fahrenheit) return text;
  const one = (c) => String(Math.round(toShown(Number(c)) * 10) / 10);
  return text
    .replace(/^(desired[^:]*): (-?[\d.]+) (.*°C)/, (_, what, value, rest) => `${what}: ${one(value)} ${rest}`)
    .replace(/(-?[\d.]+)\.\.(-?[\d.]+) °C/g, (_, low, high) => `${one(low)}..${one(high)} °F`)
    .replace(/(-?[\d.]+) °C/g, (_, c) => `${one(c)} °F`);
}

// parseDegrees reads what a person typed, in °C; NaN if it is no number.
export function parseDegrees(text) {
  const number = text.trim().replace('−', '-').replace(',', '.').replace(/\s*°?\s*[CF]?$/i, '');
  return /^[-+]?(\d+\.?\d*|\.\d+)$/.test(number) ? fromShown(Number(number)) : NaN;
}

export function duration(seconds) {
  if (seconds < 120) return `${Math.ceil(seconds)} s`;
  if (seconds < 7200) return `${Math.ceil(seconds / 60)} min`;
  return `${Math.ceil(seconds / 3600)} h`;
}

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const timeWithSeconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export const clock = (ms, seconds = false) => (seconds ? timeWithSeconds : time).format(ms);

// title makes a heading of a configured name: living-room is Living room.
export function title(name) {
  const words = name.replaceAll('-', ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const modes = { off: 'Off', heat: 'Heat', cool: 'Cool', heat_cool: 'Auto' };
export const modeWord = (mode) => modes[mode] ?? mode;

const actions = { off: 'Off', idle: 'Idle', heating: 'Heating', cooling: 'Cooling' };
export const actionWord = (action) => actions[action] ?? action;

const sources = {
  config: 'the configuration', memory: 'the last setpoint', broker: 'the broker', page: 'this page',
  home_assistant: 'Home Assistant', cli: 'the command line',
};
export const sourceWord = (source) => sources[source] ?? source;

// What is waited for, by reason: the words behind "Waits 84 s:".
const waits = {
  starting: 'minimum off time after the start',
  min_off: 'minimum off time',
  max_on: 'a rest after the longest time on',
  changeover: 'pause between heating and cooling',
  crash_loop: 'the agent crashed several times, and the compressor rests',
};

// Why nothing runs, or what else is out of the ordinary.
const explanations = {
  no_setpoint: 'Waits for a setpoint: nobody has said yet what to hold.',
  heat_cutout: 'Too hot: the cut-out keeps the heat off.',
  cool_cutout: 'Too cold: the cut-out keeps the cooling off.',
  not_warming: 'Heat is switched off: it ran, and the room did not warm. Clear this once it is mended.',
  not_cooling: 'Cooling is switched off: it ran, and the room did not cool. Clear this once it is mended.',
  no_reading: 'Off: the sensor has given no reading yet.',
  stale_reading: 'Off: the last reading is too old to act on.',
  mode_off: 'Switched off.',
  stopped: 'The agent has stopped; everything is off.',
};

// sentence says what a zone does and why. wait is what is left of wait_s.
export function sentence(z, wait) {
  if (z.reason in waits) return `Waits${wait > 0 ? ` ${duration(wait)}` : ''}: ${waits[z.reason]}.`;
  if (z.reason in explanations) return explanations[z.reason];
  if (z.reason === 'min_on') return `Stays on${wait > 0 ? ` for ${duration(wait)}` : ''}: minimum on time.`;
  if (z.reason === 'sensor_loss') {
    return `No reading: ${z.mode === 'cool' ? 'cools' : 'heats'} a small share of the time, ${running(z) ? 'now on' : 'now off'}.`;
  }
  return inBand(z);
}

const running = (z) => z.action === 'heating' || z.action === 'cooling';

// inBand tells what comes next: where the stretch ends, or where one begins.
function inBand(z) {
  const low = withUnit(z.desired - z.down_delta), high = withUnit(z.desired + z.up_delta), both = z.mode === 'heat_cool';
  if (z.action === 'heating') return `Heats until ${both ? withUnit(z.desired) : high}.`;
  if (z.action === 'cooling') return `Cools until ${both ? withUnit(z.desired) : low}.`;
  if (both) return `Rests: heats below ${low}, cools above ${high}.`;
  if (z.mode === 'cool') return `Cool enough: cools above ${high}.`;
  return `Warm enough: heats below ${low}.`;
}

const faults = {
  sensor: 'No good reading', fallback_sensor: 'A fallback sensor fails', sensors_disagree: 'The sensors disagree',
  relay: 'A relay does not obey', heat_cutout: 'Too hot', cool_cutout: 'Too cold',
  not_warming: 'Heats, but does not get warm', not_cooling: 'Cools, but does not get cool',
  still_warming: 'Off, but still warming', still_cooling: 'Off, but still cooling',
  memory: 'Something cannot be saved', crash_loop: 'The agent crashed several times',
  control_not_retained: 'The broker does not keep the setpoint', control_not_readable: 'The broker refuses to show the setpoint',
  broker_refused: 'The broker cannot be entered', subscription_refused: 'The broker refuses a subscription',
  publish_refused: 'The broker drops what the agent says', duplicate_device: 'Another agent has the same name',
  internal_error: 'A part of the agent failed',
};
export const faultWord = (name) => faults[name] ?? title(name.replaceAll('_', ' '));

// What a person may clear.
export const clearable = (name) => ['not_warming', 'not_cooling', 'still_warming', 'still_cooling'].includes(name);
