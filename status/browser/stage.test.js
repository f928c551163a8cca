// The page when the agent does what seldom happens.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { open, shows, useChromium, zone } from './open.js';
import { startStage } from './stage.js';

useChromium();

test('a fault that counts is told once, and shows its last number', async (t) => {
  const stage = await startStage(t), page = await open(t, stage.url), since = new Date().toISOString();
  const says = (n, text = 'messages without `temperature`') => stage.zone({ faults: [{ name: 'sensor', text: `about something else: ${n} ${text}`, since }] });
  says(1);
  const notice = page.locator('#notices li');
  await shows(notice, /1 messages/);
  await notice.evaluate((li) => { li.dataset.same = 'yes'; });
  for (let n = 2; n < 12; n++) says(n);
  await shows(notice, /: 11 messages without `temperature`\. Since/);
  assert.equal(await notice.getAttribute('data-same'), 'yes', 'a screen reader would say it again, and a button in it would lose the focus');
  assert.equal(await notice.locator('[aria-live="off"]').count(), 1, 'its numbers are not said');
  says(12, 'messages of another sensor');
  await shows(notice, /12 messages of another/);
  assert.equal(await notice.getAttribute('data-same'), null, 'another fault is told');
  assert.equal(await notice.count(), 1);
  stage.zone();
  await notice.waitFor({ state: 'detached' });
  page.isClean('404');
});

test('when the clock of the board is set back, what others say is shown at once', async (t) => {
  const stage = await startStage(t, 3_600_000), page = await open(t, stage.url), hall = zone(page, 'hall');
  Object.assign(stage.answers, { desired: 20.5, mode: 'heat', up_delta: 0.5, down_delta: 0.5 });
  await hall.locator('.up').click();
  await shows(hall.locator('.answer'), /Set to 20\.5/);
  stage.ahead = 0; // a time server has spoken
  stage.beat();
  stage.zone({ desired: 18, source: 'cli' });
  await page.waitForFunction(() => document.querySelector('#zone-hall .number').value === '18.0');
  page.isClean('404');
});

test('a week that could not be fetched is asked for again, and one that was is not', async (t) => {
  const stage = await startStage(t), page = await open(t, stage.url), codes = [];
  page.on('response', (r) => { if (r.url().endsWith('/program')) codes.push(r.status()); });
  const comes = (status) => page.waitForResponse((r) => r.url().endsWith('/program') && r.status() === status);
  const refused = comes(503);
  stage.fails = true;
  stage.programs = 2; // somebody has changed it
  stage.beat();
  await refused;
  const fetched = comes(200);
  stage.fails = false;
  stage.beat();
  await fetched;
  const { length } = codes;
  for (let n = 21; n < 23; n++) {
    stage.beat();
    stage.zone({ desired: n });
    await page.waitForFunction((is) => document.querySelector('#zone-hall .number').value === is, `${n}.0`);
  }
  assert.equal(codes.length, length, 'asked for again without need');
  page.isClean('404', '503');
});

// turn shows a page, or another tab before it.
const turn = (page, hidden) => page.evaluate((is) => {
  Object.defineProperty(document, 'hidden', { get: () => is, configurable: true });
  Object.defineProperty(document, 'visibilityState', { get: () => (is ? 'hidden' : 'visible'), configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}, hidden);

test('a page that nobody sees lets go of the agent after a minute, and is live at once when it is seen', async (t) => {
  const stage = await startStage(t), page = await open(t, stage.url, {}, (page) => page.clock.install());
  const first = [...stage.streams];
  const pass = async (seconds) => { // the agent's word comes every other second
    for (let s = 0; s < seconds; s += 2) {
      await page.clock.runFor(2000);
      stage.beat();
      await pause(30);
    }
  };
  await turn(page, true);
  await pass(40);
  assert.deepEqual([...stage.streams], first, 'who looks at another page for a moment misses nothing');
  await pass(40);
  assert.equal(stage.streams.size, 0, 'a browser has six connections for all its pages of one host');
  await pass(40);
  assert.equal(stage.streams.size, 0);
  await turn(page, false);
  await page.locator('#link[data-link="live"]').waitFor();
  stage.zone({ desired: 17 });
  await page.waitForFunction(() => document.querySelector('#zone-hall .number').value === '17.0');
  const again = [...stage.streams];
  await pass(90);
  assert.deepEqual([...stage.streams], again, 'a page that is seen stays');
  await turn(page, true);
  while (stage.streams.size > 0) await pass(2);
  await turn(page, false); // a moment after it let go
  for (let i = 0; i < 100 && stage.streams.size === 0; i++) await pass(2);
  assert.equal(stage.streams.size, 1);
  page.isClean('404');
});
