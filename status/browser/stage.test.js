// The page when the agent does what seldom happens.

import assert from 'node:assert/strict';
import { test } from 'node:test';
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
