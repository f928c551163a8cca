// The page's week without a browser: a text to days and back, and what an editor does to days.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { proposedEnd } from '../page/house.js';
import { added, blocks, inForce, maxPerDay, moved, parseWeek, proposed, retimed, room, sameDay, weekText } from '../page/week.js';
import { useLanguage } from '../page/lang.js';
import { degreesOf, Program } from '../page/program.js';
import { outlook, presetWord, setBy, useTimezone, useUnits } from '../page/words.js';

await useLanguage('en', ['en-GB']);

const table = JSON.parse(await readFile(new URL('../../controlloop/program/testdata/weeks.json', import.meta.url), 'utf8'));

test('a week\'s text is read as the agent reads it', () => {
  assert.ok(Object.keys(table).length >= 40);
  for (const [text, want] of Object.entries(table)) {
    const days = parseWeek(text);
    assert.equal(days && weekText(days), want, text);
    if (days) assert.deepEqual(parseWeek(weekText(days)), days, text);
  }
});

test('a transition counts until the next one, over midnight and over days without one', () => {
  const days = parseWeek('mon 06:00 comfort, 22:00 sleep; thu 12:00 off');
  for (const [day, minute, want] of [[0, 0, 'off'], [0, 359, 'off'], [0, 360, 'comfort'], [0, 1439, 'sleep'], [2, 700, 'sleep'], [3, 719, 'sleep'], [3, 720, 'off'], [6, 0, 'off']]) {
    assert.equal(inForce(days, day, minute), want, `${day} ${minute}`);
  }
  assert.deepEqual(blocks(days, 0), [
    { from: 0, to: 360, target: 'off', index: -1 }, { from: 360, to: 1320, target: 'comfort', index: 0 }, { from: 1320, to: 1440, target: 'sleep', index: 1 },
  ]);
  assert.deepEqual(blocks(days, 1), [{ from: 0, to: 1440, target: 'sleep', index: -1 }]);
  assert.deepEqual(blocks(parseWeek('00:00 21'), 4), [{ from: 0, to: 1440, target: '21', index: 0 }]);
  assert.equal(inForce(parseWeek(''), 1, 5), null);
  assert.equal(inForce(parseWeek('mon 06:00 eco'), 0, 0), 'eco', 'a week ago');
});

test('a transition that is moved stays between its neighbours and inside its day', () => {
  const [day] = parseWeek('06:00 a, 06:03 b, 12:00 c');
  assert.deepEqual(room(day, 0), { least: 0, last: 362 });
  assert.deepEqual(room(day, 2), { least: 364, last: 1439 });
  assert.equal(moved(day, 0, -50), 0);
  assert.equal(moved(day, 0, 700), 362);
  assert.equal(moved(day, 2, 5000), 1439);
  assert.equal(moved(day, 2, 5000, 5), 1435);
  assert.equal(moved(day, 2, 0, 5), 365);
  assert.equal(moved(day, 2, 703, 5), 705);
  const [close] = parseWeek('06:00 a, 06:02 b, 06:03 c');
  assert.equal(moved(close, 1, 600, 5), 362, 'there is no step of 5 minutes');
});

test('a transition is added in its place, and a day takes ten', () => {
  const [day] = parseWeek('06:00 a, 22:00 b');
  assert.equal(added(day, 720, 'c'), 1);
  assert.equal(added(day, 720, 'd'), -1);
  assert.deepEqual(day.map((t) => t.target), ['a', 'c', 'b']);
  for (let i = 0; day.length < maxPerDay; i++) assert.notEqual(added(day, i, 'x'), -1);
  assert.equal(added(day, 1000, 'y'), -1);
  assert.equal(day.length, 10);
});

test('a transition at another time is put in its order, and a day proposes what it has not', () => {
  const [day] = parseWeek('06:30 a, 12:00 b, 22:00 c');
  assert.deepEqual([retimed(day, 0, 1380), day.map((t) => t.target).join('')], [2, 'bca']);
  assert.deepEqual([retimed(day, 2, 720), day.map((t) => t.target).join(''), day[2].minute], [-1, 'bca', 1380]);
  for (const [week, want] of [['', 390], ['06:00 a', 1320], ['22:00 a', 390], ['06:30 a, 22:00 b', 855], ['00:00 a, 22:00 b', 660]]) assert.equal(proposed(parseWeek(week)[0]), want, week);
});

test('days that are the same share a part of the text', () => {
  const days = parseWeek('mon,wed 06:00 21; tue 06:00 21, 07:00 20');
  assert.equal(sameDay(days[0], days[2]), true);
  assert.equal(sameDay(days[0], days[1]), false);
  days[1] = days[0].map((t) => ({ ...t }));
  assert.equal(weekText(days), 'mon-wed 06:00 21');
});

test('what comes next is said in words, by the clocks of the house', async () => {
  useTimezone('America/New_York'); // 5 hours behind
  const program = new Program('hall'), now = Date.parse('2026-11-30T20:00:00Z'); // Monday 15:00
  program.told = { week: '06:00 comfort, 22:30 eco', presets: { comfort: 21, eco: 18 }, configured_presets: {}, away: [] };
  const next = { at: '2026-12-01T03:30:00Z', desired: 18, preset: 'eco' };
  const words = (z, plan = program) => outlook({ desired: 21, next, reason: 'in_band', control: {}, ...z }, plan, now).replaceAll('\u00a0', ' ');
  assert.equal(words({ target: 'program' }), '21 °C until 22:30, then 18 °C (eco).');
  assert.equal(words({ target: 'program', desired: null, reason: 'mode_off' }), 'Off until 22:30, then 18 °C (eco).');
  assert.equal(words({ target: 'program', next: { ...next, at: '2026-12-02T11:00:00Z', desired: null, preset: null } }), '21 °C until Wed 06:00, then off.');
  assert.equal(words({ target: 'program', next: { ...next, at: '2026-12-24T11:00:00Z' } }), '21 °C until 24 Dec 06:00, then 18 °C (eco).');
  assert.equal(words({ target: 'program', next: { ...next, at: '2027-12-24T11:00:00Z' } }), '21 °C until 24 Dec 2027 06:00, then 18 °C (eco).');
  assert.equal(words({ target: 'manual', control: { hold_until: null, then: null } }), 'By the program it would be 21 °C (comfort) now.');
  const hold_until = '2026-12-01T04:00:00Z'; // 23:00
  assert.equal(words({ target: 'hold', desired: 19, control: { hold_until, then: null } }), '19 °C until 23:00, then 18 °C (eco). By the program it would be 21 °C (comfort) now.');
  const then = { mode: 'heat', desired: 17.5, preset: null };
  assert.equal(words({ target: 'boost', desired: 23, control: { hold_until, then } }), '23 °C until 23:00, then 17.5 °C.');
  assert.equal(words({ target: 'boost', desired: 23, control: { hold_until, then: { ...then, mode: 'off' } } }), '23 °C until 23:00, then off.');
  assert.equal(words({ target: 'manual', next: null, control: { hold_until: null, then: null } }), '');
  const away = new Program('hall');
  away.told = { ...program.told, presets: { ...program.told.presets, away: 12 }, away: [{ from: '2026-11-30 12:00', to: '2026-12-24 12:00', preset: 'away' }] };
  assert.equal(words({ target: 'manual', control: { hold_until: null, then: null } }, away), 'By the program it would be 12 °C (away) now.');
  await useLanguage('en', ['fr', 'en-US']);
  assert.equal(words({ target: 'program' }).replace('\u202f', ' '), '21 °C until 10:30 PM, then 18 °C (eco).');
  await useLanguage('de', ['de-AT']);
  assert.equal(words({ target: 'boost', desired: 23.5, control: { hold_until, then } }), '23,5 °C bis 23:00, dann 17,5 °C.');
  assert.equal(words({ target: 'program', next: { ...next, at: '2026-12-02T11:00:00Z', desired: null, preset: null } }), '21 °C bis Mi 06:00, dann aus.');
  assert.equal(words({ target: 'manual', control: { hold_until: null, then: null } }, away), 'Das Programm sagt jetzt: 12 °C (Abwesend).');
  await useLanguage('en', ['en-GB']);
  useUnits('F');
  assert.equal(words({ target: 'program' }), '69.8 °F until 22:30, then 64.4 °F (eco).');
  useUnits('C');
});

test('of times away at one moment that counts which began last', () => {
  useTimezone('UTC');
  const program = new Program('hall'), all = [
    { from: '2026-12-24 12:00', to: '2026-12-31 12:00', preset: 'eco' }, { from: '2026-12-20 12:00', to: '2027-01-03 12:00', preset: 'away' }, { from: '2026-12-24 12:00', to: '2026-12-25 12:00', preset: 'sleep' },
  ];
  program.told = { week: '06:00 comfort', away: all };
  const at = (moment) => program.at(Date.parse(moment));
  assert.deepEqual(['2026-12-21T00:00Z', '2026-12-25T00:00Z', '2026-12-25T12:00Z', '2027-01-01T00:00Z', '2027-01-04T00:00Z'].map(at), ['away', 'sleep', 'eco', 'away', 'comfort']);
  useTimezone('');
});

test('a program waits for who set a room by hand, and not for who is away', () => {
  const z = { next: {}, hold_until: null, target: 'manual', mode: 'heat', desired: 12, source: 'page', control: { preset: null, then: null } };
  assert.equal(setBy(z).replaceAll('\u00a0', ' '), 'Program waits: set by hand to 12.0 °C.');
  const away = { ...z, target: 'away', control: { preset: 'away', then: { mode: 'auto' } } };
  assert.doesNotMatch(setBy(away), /waits/);
  assert.match(setBy({ ...away, control: { preset: 'away', then: null } }), /waits/, 'a preset for ever is no absence');
});

test('a step goes to the next whole step, also from what a program rounds', async () => {
  const { stepFrom } = await import('../page/words.js');
  assert.deepEqual([stepFrom(20.25, 1), stepFrom(20.25, -1), stepFrom(20, 1), stepFrom(20, -1)], [20.5, 20, 20.5, 19.5]);
  useUnits('F');
  assert.deepEqual([stepFrom(20.56, 1), stepFrom(20.56, -1)], [21.1111, 20]); // 69 °F is 20.56 °C in a program
  useUnits('C');
});

test('the end of away that is proposed is the next Sunday evening of the house', () => {
  for (const [zone, now, want] of [
    ['Europe/Berlin', '2027-03-01T12:00Z', '2027-03-07T18:00'],
    ['Europe/Berlin', '2027-03-06T22:59Z', '2027-03-07T18:00'],
    ['Europe/Berlin', '2027-03-06T23:00Z', '2027-03-08T18:00'], // it is Sunday there
    ['America/New_York', '2027-01-01T04:59Z', '2027-01-03T18:00'],
  ]) {
    useTimezone(zone);
    assert.equal(proposedEnd(Date.parse(now)), want, `${zone} ${now}`);
  }
  useTimezone('');
});

test('a name that JavaScript itself has is a name like any other', () => {
  assert.equal(presetWord('constructor'), 'constructor');
  assert.equal(degreesOf('constructor', {}), null);
  for (const source of ['toString', '__proto__', 'constructor']) assert.equal(setBy({ source }), `Set by ${source}.`);
  assert.equal(presetWord('eco'), 'eco');
  assert.equal(setBy({ source: 'cli' }), 'Set on the command line.');
});
