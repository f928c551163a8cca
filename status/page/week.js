// A week as a program's text says it, and as seven days of transitions to edit.
// The grammar is that of controlloop/program/parse.go; one table tests both.

export const dayWords = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
export const maxPerDay = 10; // transitions
export const minutesOfDay = 1440;

const temperature = /^-?\d{1,3}(\.\d{1,2})?$/;
const presetName = /^[a-z][a-z0-9-]{0,19}$/;
const reserved = ['none', 'off', 'on', 'auto', 'heat', 'cool', 'next', 'permanent', 'default'];

// isTemperature tells a target that is °C from a preset and off.
export const isTemperature = (target) => temperature.test(target);

const isTarget = (word) => word === 'off' || isTemperature(word) || (presetName.test(word) && !reserved.includes(word));

// timeText gives a minute of the day as HH:MM.
export const timeText = (minute) => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

// minuteOf reads HH:MM; NaN if it is none.
export function minuteOf(text) {
  const [, hour, minute] = text.match(/^([01]\d|2[0-3]):([0-5]\d)$/) ?? [];
  return hour === undefined ? NaN : Number(hour) * 60 + Number(minute);
}

// parseWeek reads a text as days, Monday first: each a list of {minute, target}.
// null: the text is no week.
export function parseWeek(text) {
  const days = dayWords.map(() => []), named = new Set();
  if (text.trim() === '') return days;
  for (const part of text.split(';')) {
    const first = part.search(/\d/);
    const which = first < 0 ? null : daysOf(part.slice(0, first)), transitions = which && transitionsOf(part.slice(first));
    if (!transitions) return null;
    for (const day of which) {
      if (named.has(day)) return null;
      named.add(day);
      days[day] = transitions.map((t) => ({ ...t }));
    }
  }
  return days;
}

// daysOf reads days such as mon-fri,sun as their numbers; none is every day.
function daysOf(text) {
  if (text.trim() === '') return dayWords.map((_, day) => day);
  const which = new Set();
  for (const item of text.split(',')) {
    const ends = item.split('-').map((word) => dayWords.indexOf(word.trim()));
    if (ends.length > 2 || ends.includes(-1)) return null;
    for (let day = ends[0]; ; day = (day + 1) % 7) { // a range may go over Sunday
      if (which.has(day)) return null;
      which.add(day);
      if (day === ends.at(-1)) break;
    }
  }
  return [...which];
}

function transitionsOf(text) {
  const all = [];
  for (const item of text.split(',')) {
    const words = item.trim().split(/\s+/), minute = minuteOf(words[0]);
    if (words.length !== 2 || Number.isNaN(minute) || !isTarget(words[1])) return null;
    if (all.length > 0 && minute <= all.at(-1).minute) return null;
    all.push({ minute, target: isTemperature(words[1]) ? String(Number(words[1])) : words[1] });
  }
  return all.length > maxPerDay ? null : all;
}

// dayText gives a day's transitions as they stand in a text.
const dayText = (day) => day.map((t) => `${timeText(t.minute)} ${t.target}`).join(', ');

// sameDay tells whether two days have the same transitions.
export const sameDay = (a, b) => dayText(a) === dayText(b);

// weekText gives a text that parseWeek reads as the same week; days of the same
// transitions share a part.
export function weekText(days) {
  const parts = new Map(); // transitions to their days
  days.forEach((day, i) => {
    const text = dayText(day);
    if (text !== '') parts.set(text, [...(parts.get(text) ?? []), i]);
  });
  return [...parts].map(([text, which]) => (which.length === 7 ? text : `${daysText(which)} ${text}`)).join('; ');
}

// daysText names days; three in a row and more are a range.
function daysText(which) {
  const names = [];
  for (let i = 0; i < which.length;) {
    let n = 1;
    while (which[i + n] === which[i] + n) n++;
    if (n >= 3) names.push(`${dayWords[which[i]]}-${dayWords[which[i + n - 1]]}`);
    else names.push(...which.slice(i, i + n).map((day) => dayWords[day]));
    i += n;
  }
  return names.join(',');
}

// inForce gives the target at a minute of a day, and null in a week without one:
// a transition counts until the next, over midnight and over days that have none.
export function inForce(days, day, minute) {
  return (days[day].findLast((t) => t.minute <= minute) ?? lastBefore(days, day))?.target ?? null;
}

// lastBefore gives the last transition before a day as {day, index, minute, target}; null: the week has none.
export function lastBefore(days, day) {
  for (let back = 1; back <= 7; back++) {
    const on = (day + 7 - back) % 7, index = days[on].length - 1;
    if (index >= 0) return { day: on, index, ...days[on][index] };
  }
  return null;
}

// blocks gives a day as stretches of one target. index is that of the transition
// which begins the stretch; -1: it goes on from a day before.
export function blocks(days, day) {
  const own = days[day].map((t, index) => ({ from: t.minute, to: days[day][index + 1]?.minute ?? minutesOfDay, target: t.target, index }));
  const first = own[0]?.from ?? minutesOfDay;
  return first === 0 ? own : [{ from: 0, to: first, target: inForce(days, day, 0), index: -1 }, ...own];
}

// room gives the least and the last minute at which a transition may stand, in steps.
export function room(day, index, step = 1) {
  const least = (day[index - 1]?.minute ?? -1) + 1, last = (day[index + 1]?.minute ?? minutesOfDay) - 1;
  return { least: Math.ceil(least / step) * step, last: Math.floor(last / step) * step };
}

// moved gives the minute nearest to a wanted one at which a transition may stand.
export function moved(day, index, wanted, step = 1) {
  const { least, last } = room(day, index, step);
  if (least > last) return day[index].minute; // its neighbours leave no step
  return Math.min(Math.max(Math.round(wanted / step) * step, least), last);
}

// retimed puts a transition at another minute and the day in order, and gives its index; -1: another stands there.
export function retimed(day, index, minute) {
  const t = day[index];
  if (day.some((other) => other !== t && other.minute === minute)) return -1;
  t.minute = minute;
  day.sort((a, b) => a.minute - b.minute);
  return day.indexOf(t);
}

// proposed gives the minute at which a day probably wants its next transition: a morning, an evening, else the
// middle of its longest block.
export function proposed(day) {
  const minutes = day.map((t) => t.minute);
  if (!minutes.some((m) => m < 720)) return 390;
  if (!minutes.some((m) => m >= 1020)) return 1320;
  const ends = [...minutes.slice(1), minutesOfDay], long = minutes.map((m, i) => ends[i] - m), i = long.indexOf(Math.max(...long));
  return minutes[i] + Math.floor(long[i] / 30) * 15;
}

// isFar tells whether no transition of a day is near a minute.
export const isFar = (day, minute, near) => day.every((t) => Math.abs(t.minute - minute) >= near);

// added puts a transition into a day and gives its index; -1: the day is full, or
// one stands at that minute.
export function added(day, minute, target) {
  if (day.length >= maxPerDay || day.some((t) => t.minute === minute)) return -1;
  const index = day.filter((t) => t.minute < minute).length;
  day.splice(index, 0, { minute, target });
  return index;
}
