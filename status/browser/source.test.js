// The strip of a boiler that rooms share.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { phrases, useLanguage } from '../page/lang.js';
import { does, why } from '../page/source.js';
import { sights, startAgent, startBoiler } from './demo.js';
import { axeFinds, open, shows, useChromium, zone } from './open.js';

useChromium();

test('every reason of a source has a sentence in each language, with what is left and who stands in the way', async () => {
  const text = await readFile(new URL('../../controlloop/source/reasons.go', import.meta.url), 'utf8');
  const reasons = [...text.matchAll(/^\tReason\w+ += "(\w+)"|^\tReason\w+ +Reason = "(\w+)"/gm)].map((m) => m[1] ?? m[2]);
  assert.ok(reasons.length >= 11, `${reasons}`);
  const names = { hot: ['Bath'], lost: ['Den'], calling: ['Hall'], opening: ['Loft', 'Porch'] };
  for (const language of ['de', 'en']) {
    await useLanguage(language);
    const bare = new Set();
    for (const reason of reasons) {
      const words = why({ reason }, {}), told = why({ reason }, { left: '84\u00a0s', until: '14:05', ...names });
      for (const sentence of [words, told]) assert.match(sentence, /^[A-ZÄÖÜ][^_]*[a-zäöü]\.$/, reason);
      bare.add(words);
      const waits = ['min_off', 'starting', 'valve_opening', 'min_on', 'overrun'].includes(reason);
      assert.equal(told.includes('84\u00a0s'), waits, told);
      assert.equal(told.includes('14:05'), reason === 'min_off', told);
      assert.equal(told.includes('Bath'), reason === 'zone_cutout', told);
      assert.equal(told.includes('Den'), reason === 'zone_lost', told);
      if (reason !== 'stopped') assert.match(told, /Hall.*Loft (and|und) Porch/, reason);
      for (const relay of ['on', 'off', null]) {
        for (const faults of [[], [{ name: 'relay' }]]) {
          const { word, trouble } = does({ relay, reason, faults });
          assert.match(word, /^[A-Z][A-Za-zäöüß ]+$/);
          assert.equal(trouble, relay !== 'on' && (faults.length > 0 || relay === 'off' && reason.startsWith('zone_')), `${reason} ${relay} looks ${word}`);
        }
      }
    }
    assert.equal(bare.size, reasons.length, 'no two reasons sound the same');
    for (const room of ['overrun', 'exercise']) assert.match(phrases.explanations[room], language === 'de' ? /Der Kessel/ : /[Tt]he boiler/, room);
  }
});

test('the strip follows the boiler: it waits for a valve, heats for a room, and rests', async (t) => {
  const agent = await startBoiler('valve_open: 8s, pump_overrun: 8s, min_on: 1s, min_off: 1s'); // long enough to be seen
  t.after(agent.stop);
  const page = await open(t, agent.url), strip = page.getByRole('region', { name: 'Boiler' });
  await shows(strip.locator('.why'), 'Off: no room calls.');
  await shows(strip.locator('.pump'), 'Pump off');
  agent.says('bath', 18);
  await shows(strip.locator('.why'), /^Waits until a valve is open, [1-8]\ss left\. The valve opens: Bad\.$/);
  await shows(strip.locator('.action'), 'Waiting');
  await shows(strip.locator('.action'), 'Heating');
  await shows(strip.locator('.pump'), 'Pump on');
  await shows(strip.locator('.why'), 'Heats for Bad.');
  assert.equal(await strip.getAttribute('data-action'), 'heating');
  agent.says('den', 18);
  await shows(strip.locator('.why'), 'Heats for Bad and Stube.');
  for (const room of ['bath', 'den']) agent.says(room, 22);
  await shows(strip.locator('.why'), /^Off\. The pump runs on for [1-8]\ss and carries/);
  await page.locator('.zone .sentence', { hasText: 'the boiler still gives off heat' }).first().waitFor();
  await shows(strip.locator('.why'), 'Off: no room calls.');
  await agent.stop();
  await shows(strip.locator('.action'), 'Not known');
  await shows(strip.locator('.why'), /^Last heard of at \d\d:\d\d:\d\d\.$/);
  page.isClean('net::ERR_');
});

for (const { name, ...sight } of sights) {
  test(`a boiler's strip is accessible, in one piece and on the first screen: ${name}`, async (t) => {
    const agent = await startBoiler('valve_open: 15m, pump_overrun: 0s');
    t.after(agent.stop);
    for (const locale of ['en-GB', 'de-DE']) {
      agent.says('den', 18);
      const page = await open(t, agent.url, { ...sight, locale }), strip = page.locator('#sources > section');
      await shows(strip.locator('.why'), /Stube/);
      assert.deepEqual(await axeFinds(page), []);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'scrolls sideways');
      const box = await strip.boundingBox(), room = await zone(page, 'bath').boundingBox();
      assert.ok(box.y >= 0 && box.y + box.height < room.y && room.y < sight.viewport.height / 2, 'above the rooms, which are on the first screen, too');
      page.isClean();
    }
  });
}

test('a boiler\'s fault is said as that of a room', async (t) => {
  const agent = await startBoiler();
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0], (page) => page.addInitScript(() => { // the boiler's relay does not obey
    const { addEventListener } = EventSource.prototype, fault = { name: 'relay', since: new Date().toISOString(), text: 'the relay says nothing' };
    EventSource.prototype.addEventListener = function listen(name, hear) {
      addEventListener.call(this, name, name === 'source' ? (e) => hear({ data: JSON.stringify({ ...JSON.parse(e.data), relay: null, faults: [fault] }) }) : hear);
    };
  }));
  await shows(page.locator('#notices li'), /^Boiler: A relay does not obeyThe relay says nothing\. Since \d\d:\d\d:\d\d\.$/);
  await shows(page.locator('#sources .action'), 'Relay fault');
  assert.equal(await page.locator('#sources > section').getAttribute('data-trouble'), 'true');
  assert.deepEqual(await axeFinds(page), []);
  page.isClean();
});

test('a house without a source has no strip', async (t) => {
  const agent = await startAgent({});
  t.after(agent.stop);
  const page = await open(t, agent.url);
  await shows(zone(page, 'room-1').locator('.temperature'), '20.0');
  assert.equal(await page.locator('#sources > *').count(), 0);
  assert.equal((await page.locator('#sources').evaluate((e) => e.getBoundingClientRect())).height, 0);
  assert.equal(await page.locator('#sources').evaluate((e) => getComputedStyle(e).marginBottom), '0px');
  page.isClean();
});
