// The page in each of its languages.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { firstKnown } from '../page/lang.js';
import { de } from '../page/lang/de.js';
import { en } from '../page/lang/en.js';
import { sights, startAgent, startBoiler } from './demo.js';
import { open, shows, useChromium, zone } from './open.js';

useChromium();

// leaves gives every phrase of a table by its place, such as modes.heat.
function leaves(table, place = '') {
  return Object.entries(table).flatMap(([key, value]) => (typeof value === 'object' ? leaves(value, `${place}${key}.`) : [[place + key, value]]));
}

const hole = '¤'; // where something is put into a phrase
const filled = (phrase) => (typeof phrase === 'function' ? phrase(...Array(phrase.length).fill(hole)) : phrase);

test('both languages have the same phrases with the same holes, and none is empty', () => {
  const german = new Map(leaves(de)), english = new Map(leaves(en));
  assert.deepEqual([...german.keys()].sort(), [...english.keys()].sort());
  assert.ok(english.size > 150);
  for (const [place, phrase] of english) {
    const other = german.get(place);
    assert.equal(typeof other, typeof phrase, place);
    assert.equal(other.length > 0 && phrase.length > 0, true, place);
    if (typeof phrase === 'function') assert.equal(other.length, phrase.length, `${place}: what it is given`);
    for (const text of [filled(phrase), filled(other)]) {
      assert.match(text, /\p{L}/u, place);
      assert.equal(text.split(hole).length, filled(phrase).split(hole).length, `${place}: ${text}`);
      assert.doesNotMatch(text, /¤ (%|min|rooms|Räume)(?!\p{L})/u, `${place}: a line may break before the unit`);
      assert.doesNotMatch(text, /undefined|\[object|\.\.$|^\s|\s$/, place);
    }
  }
  for (const [place, phrase] of german) assert.doesNotMatch(filled(phrase), /\b(du|dich|dir|dein\w*|Sie|Ihr\w*)\b(?! lief)/, `${place} speaks to somebody`);
});

test('the first language that a browser asks for and the page knows is taken', () => {
  for (const [asked, want] of [[['de-AT', 'en'], 'de'], [['fr', 'DE'], 'de'], [['en-US', 'de'], 'en'], [['fr', 'den'], 'en'], [[], 'en']]) {
    assert.equal(firstKnown(asked), want, asked.join());
  }
});

// textsOf gives all that a person sees on a page or is read, without what the agent says itself.
const textsOf = (page) => page.evaluate(() => {
  const own = document.documentElement.lang, texts = new Set([document.title]);
  for (const e of document.body.querySelectorAll('*')) {
    if (!e.checkVisibility({ visibilityProperty: true }) || e.closest('[lang]').lang !== own) continue;
    for (const name of ['aria-label', 'title', 'aria-valuetext', 'placeholder', 'alt']) if (e.hasAttribute(name)) texts.add(e.getAttribute(name));
    for (const node of e.childNodes) if (node.nodeType === Node.TEXT_NODE && node.data.trim()) texts.add(node.data.trim());
  }
  return [...texts];
});

const rooms = { rooms: 3, week: '06:00 comfort, 22:30 sleep', setpoint: '{mode: auto, up_delta: 0.3, down_delta: 0.3}', titles: ['Küche', 'Bad', 'Flur'] };

// everywhere looks at a page in many states, by what does not hang on the language, and gives all texts.
async function everywhere(t, options, prepare = async () => {}) {
  const texts = new Set(), agents = [];
  const start = async (more) => {
    const agent = await startAgent({ ...rooms, ...more });
    agents.push(agent);
    return agent;
  };
  t.after(() => Promise.all(agents.map((a) => a.child.exitCode === null && a.stop())));
  const look = async (page) => { for (const text of await textsOf(page)) texts.add(text); };
  const answered = (room, kind) => room.locator(`.answer[data-kind="${kind}"]`).waitFor();

  const agent = await start(), page = await open(t, agent.url, { ...sights[0], ...options }, prepare), room = zone(page, 'room-1');
  await look(page); // the overview
  await room.locator('.toggle').click();
  await room.locator('.temperature-line').waitFor({ state: 'attached' });
  await look(page);
  await room.locator('.week-toggle').click();
  await room.getByRole('slider').nth(1).press('ArrowRight');
  await look(page);
  await room.locator('.time').fill('23:59');
  await room.locator('.time').press('Enter');
  await look(page);
  await fetch(`${agent.url}/api/zones/room-1/program`, { method: 'PUT', body: '{"week":"07:00 eco, 08:00 off"}' });
  await room.locator('.conflict').waitFor();
  await look(page);
  await room.locator('.take').click();
  await look(page);
  await room.getByRole('slider').nth(1).press('ArrowRight');
  await room.locator('.week-actions .main').click();
  await room.locator('.week-answer[data-kind="done"]').waitFor();
  await look(page);
  await room.locator('.hands [data-preset="eco"]').click();
  await answered(room, 'done');
  await look(page);
  await room.locator('.hands .chip').nth(1).click(); // boost
  await page.locator('.hands .chip[aria-pressed="true"]').first().waitFor();
  await look(page);
  for (const typed of ['90', 'x']) {
    await room.locator('.number').fill(typed);
    await room.locator('.number').press('Enter');
    await answered(room, 'refused');
    await look(page);
    await room.locator('.number').fill('20');
    await room.locator('.number').press('Enter');
    await answered(room, 'done');
  }
  await room.locator('[data-mode="heat"]').click();
  await room.locator('[data-mode="heat"][aria-pressed="true"]').waitFor();
  await look(page);
  await room.locator('[data-mode="off"]').click();
  await room.locator('[data-mode="off"][aria-pressed="true"]').waitFor();
  await look(page);
  await page.locator('#house [aria-expanded]').click();
  await look(page);
  await page.locator('.until').fill('');
  await page.locator('.away-form button').first().click();
  await look(page);
  await page.locator('.away-form button').nth(1).click();
  await page.locator('#house > .main').waitFor();
  await page.locator('#house [aria-expanded]').click();
  await look(page);
  await agent.stop();
  await page.locator('#link[data-link="lost"]').waitFor();
  await look(page);

  for (const more of [{ listen: '0.0.0.0:0', celsius: -40 }, { rooms: 0 }, { week: undefined, setpoint: '', cooler: true, rooms: 1 }]) {
    const other = await start(more), seen = await open(t, other.url, options, prepare);
    if (more.celsius) await seen.locator('#notices li').nth(2).waitFor();
    if (more.rooms === 1) {
      await seen.locator('[data-mode="cool"]').click();
      await answered(zone(seen, 'room-1'), 'refused');
    }
    await look(seen);
  }

  const boiler = await startBoiler();
  agents.push(boiler);
  boiler.says('den', 18);
  const strip = await open(t, boiler.url, options, prepare);
  await strip.locator('#sources [data-action="heating"]').waitFor();
  await look(strip);
  return [...texts];
}

test('no English sentence is on the German page', async (t) => {
  const texts = await everywhere(t, { locale: 'de-DE' });
  assert.ok(texts.length > 150, `${texts.length} texts`);
  const german = leaves(de).map(([, phrase]) => filled(phrase)).join('\n');
  const parts = leaves(en).flatMap(([, phrase]) => filled(phrase).split(hole)).map((part) => part.replace(/^[\s:.,()]+|[\s:.,()]+$/g, ''));
  const whole = (part) => new RegExp(`(?<![\\p{L}])${part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\p{L}])`, 'u');
  const english = [...new Set(parts)].filter((part) => /\p{L}{2}/u.test(part) && !whole(part).test(german)).map(whole);
  assert.ok(english.length > 140, `${english.length} parts`);
  for (const text of texts) assert.doesNotMatch(text, /\d (°|%|min|s|h|Räume)(?!\p{L})/u, 'a line may break before the unit');
  for (const text of texts) assert.deepEqual(english.filter((part) => part.test(text)), [], text);
});

test('every word on the page comes from the language\'s file', async (t) => {
  const source = await readFile(new URL('../page/lang/de.js', import.meta.url), 'utf8');
  const marked = `${source.replace('export const de', 'const table')}
    const mark = (v) => (typeof v === 'string' ? \`⟦\${v}⟧\` : typeof v === 'function' ? (...a) => \`⟦\${v(...a)}⟧\` : Object.fromEntries(Object.entries(v).map(([k, x]) => [k, mark(x)])));
    export const de = mark(table);`;
  const texts = await everywhere(t, { locale: 'de-DE' }, (page) => page.route('**/lang/de.js', (route) => route.fulfill({ contentType: 'text/javascript', body: marked })));
  const days = Array.from({ length: 7 }, (_, i) => new Date(Date.UTC(2024, 0, 1 + i))).flatMap((d) => ['short', 'long'].map((weekday) => new Intl.DateTimeFormat('de', { weekday }).format(d)));
  const known = new RegExp(`(?<!\\p{L})(${[...days, ...rooms.titles, 'Stube', 'Boiler', 'test', 'Thermostat', 'thermostat [\\d.]+\\S*', 'min', '°C'].join('|')})(?!\\p{L})`, 'gu');
  for (const text of texts) {
    let rest = text;
    for (let before = ''; before !== rest;) [before, rest] = [rest, rest.replace(/⟦[^⟦⟧]*⟧/g, '')];
    assert.doesNotMatch(rest.replace(known, ''), /\p{L}{2}/u, text);
  }
});

test('numbers, weekdays and times stand as the browser writes them, and are taken so', async (t) => {
  const agent = await startAgent({ ...rooms, rooms: 1 });
  t.after(agent.stop);
  for (const { locale, number, unit, time, day } of [
    { locale: 'de-DE', number: '20,0', unit: '20,5 °C', time: /^20,5\s°C bis (\w\w )?\d\d:\d\d, dann/, day: 'Mo' },
    { locale: 'en-US', number: '20.0', unit: '20.5 °C', time: /^20\.5\s°C until (\w{3} )?\d{1,2}:\d\d\s[AP]M, then/, day: 'Mon' },
    { locale: 'en-GB', number: '20.0', unit: '20.5 °C', time: /^20\.5\s°C until (\w{3} )?\d\d:\d\d, then/, day: 'Mon' },
  ]) {
    await fetch(`${agent.url}/api/zones/room-1/control`, { method: 'PUT', body: '{"mode":"auto"}' });
    const page = await open(t, agent.url, { locale }), room = zone(page, 'room-1');
    await shows(room.locator('.temperature'), number);
    assert.equal(await page.locator('html').getAttribute('lang'), locale.slice(0, 2));
    await room.locator('.number').fill(unit.slice(0, 4));
    await room.locator('.number').press('Enter');
    await shows(room.locator('.outlook'), time);
    await shows(room.locator('.answer'), unit);
    assert.equal((await (await fetch(`${agent.url}/api/zones`)).json())[0].desired, 20.5);
    await room.locator('.week-toggle').click();
    assert.equal(await room.locator('.day-name').first().textContent(), day);
    await shows(room.locator('.hours'), locale === 'en-US' ? /12\sAM6\sAM12\sPM6\sPM12\sAM/ : '06121824');
    page.isClean();
  }
});

test('another language is one touch, and remembered', async (t) => {
  const agent = await startAgent({});
  t.after(agent.stop);
  const page = await open(t, agent.url, { locale: 'fr-FR' });
  await shows(page.locator('#link'), 'Live');
  await page.getByRole('button', { name: 'Deutsch' }).click();
  await shows(page.locator('#link'), 'Verbunden');
  await shows(zone(page, 'room-1').locator('.temperature'), '20,0');
  await page.reload();
  await shows(page.locator('#link'), 'Verbunden');
  await page.getByRole('button', { name: 'English' }).click();
  await shows(page.locator('#link'), 'Live');
  page.isClean();
});
