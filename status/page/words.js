// Words and numbers for people. Everything inside is °C and K; only what is
// shown or typed is in the page's units.

let fahrenheit = false;

export function useUnits(units) { fahrenheit = units === 'F'; }

export const unit = () => (fahrenheit ? '°F' : '°C');

export const toShown = (celsius) => (fahrenheit ? celsius * 1.8 + 32 : celsius);

const fromF = (f) => Math.round(((f - 32) / 1.8) * 1e4) / 1e4;

export const fromShown = (shown) => (fahrenheit ? fromF(shown) : shown);

// step is how far one press on + or − goes, in shown degrees.
export const step = () => (fahrenheit ? 1 : 0.5);

export function degrees(celsius, digits = 1) {
  if (celsius === null || celsius === undefined) return '–';
  return toShown(celsius).toFixed(digits).replace('-', '−');
}

export const withUnit = (celsius, digits = 1) => `${degrees(celsius, digits)} ${unit()}`;

// exact is a setpoint as it is: 20.0 and 20.25. In °F a hundredth is closer than what the agent keeps.
export function exact(celsius) {
  if (celsius === null || celsius === undefined) return '–';
  const [whole, part] = toShown(celsius).toFixed(fahrenheit ? 2 : 3).replace(/0{1,2}$/, '').split('.');
  return `${whole}.${part || '0'}`.replace('-', '−');
}

export const exactWithUnit = (celsius) => `${exact(celsius)} ${unit()}`;

// limits are what may be set, in shown degrees as a person writes them.
export function limits({ desired_min: low, desired_max: high }) {
  const short = (c) => exact(c).replace(/\.0$/, '');
  return `${short(low)} to ${short(high)} ${unit()}`;
}

// ended puts a full stop where a sentence has no end yet.
export const ended = (text) => (/[.?!…]$/.test(text) ? text : `${text}.`);

// inUnits turns the temperatures in one of the agent's sentences into °F.
export function inUnits(text) {
  if (!fahrenheit) return text;
  const one = (c) => String(Math.round(toShown(Number(c)) * 10) / 10);
  return text
    .replace(/^(desired[^:]*): (-?[\d.]+) (.*°C)/, (_, what, value, rest) => `${what}: ${one(value)} ${rest}`)
    .replace(/(-?[\d.]+)\.\.(-?[\d.]+) °C/g, (_, low, high) => `${one(low)}..${one(high)} °F`)
    .replace(/(-?[\d.]+) °C/g, (_, c) => `${one(c)} °F`);
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

const modes = { off: 'Off', heat: 'Heat', cool: 'Cool', heat_cool: 'Heat & cool' };
export const modeWord = (mode) => modes[mode] ?? mode;

const actions = { off: 'Off', idle: 'Idle', heating: 'Heating', cooling: 'Cooling' };

// What is said instead where nothing runs and that is not what was asked for.
const troubles = {
  heat_cutout: 'Too hot', cool_cutout: 'Too cold', not_warming: 'Not warming', not_cooling: 'Not cooling',
  sensor_loss: 'No reading', no_reading: 'No reading', stale_reading: 'No reading', crash_loop: 'Crashed', stopped: 'Stopped',
};
const pauses = { no_setpoint: 'Not set', starting: 'Waits', min_off: 'Waits', changeover: 'Waits', max_on: 'Rests' };
const faultsOfAction = { relay: 'Relay fault', sensor: 'No good reading', sensors_disagree: 'No good reading' };

// actionOf says in a word or two what a zone does, and whether that is trouble.
export function actionOf(z) {
  if (running(z)) return { word: actions[z.action], trouble: false };
  const fault = z.faults?.find((f) => f.name in faultsOfAction), trouble = troubles[z.reason] ?? (z.mode !== 'off' && fault && faultsOfAction[fault.name]);
  if (trouble) return { word: trouble, trouble: true };
  return { word: pauses[z.reason] ?? actions[z.action] ?? z.action, trouble: false };
}

const sources = {
  memory: 'the last setpoint', broker: 'the broker', page: 'this page',
  home_assistant: 'Home Assistant', cli: 'the command line',
};

// setBy says whose word a zone obeys. A configured default is nobody's.
export function setBy(z) {
  if (z.reason === 'no_setpoint') return 'Not set yet: choose a temperature.';
  if (z.source === 'config') return 'As configured; nobody has changed it yet.';
  return z.source ? `Set by ${sources[z.source] ?? z.source}.` : '';
}

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
  const low = exactWithUnit(z.desired - z.down_delta), high = exactWithUnit(z.desired + z.up_delta), both = z.mode === 'heat_cool';
  if (z.action === 'heating') return `Heats until ${both ? exactWithUnit(z.desired) : high}.`;
  if (z.action === 'cooling') return `Cools until ${both ? exactWithUnit(z.desired) : low}.`;
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
