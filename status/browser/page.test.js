// The page in headless Chromium, as people use it. See CONTRIBUTING.md for how to run this.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { sights, startAgent, startChromium, startDemo } from './demo.js';

const run = promisify(execFile);
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser;
before(async () => { browser = await startChromium(); });
after(() => browser.close());

// open shows the page and keeps what should not be there: errors, and requests to other hosts.
async function open(t, url, options = {}) {
  const context = await browser.newContext(options);
  t.after(() => context.close());
  const page = await context.newPage();
  page.errors = [];
  page.strangers = [];
  page.received = new Map(); // bytes, by request
  page.bytes = () => [...page.received.values()].reduce((a, b) => a + b, 0);
  page.on('console', (m) => { if (m.type() !== 'log') page.errors.push(m.text()); });
  page.on('pageerror', (e) => page.errors.push(String(e)));
  page.on('request', (r) => { if (new URL(r.url()).host !== new URL(url).host) page.strangers.push(r.url()); });
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  cdp.on('Network.dataReceived', (e) => page.received.set(e.requestId, (page.received.get(e.requestId) ?? 0) + e.encodedDataLength));
  cdp.on('Network.loadingFinished', (e) => page.received.set(e.requestId, e.encodedDataLength)); // with the headers
  await page.goto(url);
  await page.locator('#link[data-link="live"]').waitFor();
  page.isClean = (...allowed) => {
    assert.deepEqual(page.errors.filter((e) => !allowed.some((a) => e.includes(a))), []);
    assert.deepEqual(page.strangers, []);
  };
  return page;
}

const zone = (page, name) => page.locator(`#zone-${name}`);

// shows waits until an element's text is what it should be.
async function shows(locator, form) {
  await locator.filter({ hasText: form }).waitFor();
}

// axeFinds gives what breaks the rules of accessibility, contrast among them.
async function axeFinds(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 120)} ${n.failureSummary}`));
}

test('opens and lives: values move, no error, no other host, little to load', async (t) => {
  const demo = await startDemo();
  t.after(demo.stop);
  const page = await open(t, demo.url);
  const temperature = zone(page, 'workshop').locator('.temperature');
  await shows(temperature, /^\d/);
  const first = await temperature.textContent();
  await page.locator('#zone-workshop .temperature-line').waitFor();
  const loaded = page.bytes();
  t.diagnostic(`${loaded} bytes until the charts were drawn`);
  assert.ok(loaded > 10_000 && loaded < 100_000, `${loaded} bytes`);
  await page.waitForFunction((was) => document.querySelector('#zone-workshop .temperature').textContent !== was, first);
  await shows(zone(page, 'workshop').locator('.action'), 'Heating');
  await shows(zone(page, 'workshop').locator('.sentence'), 'Heats until 17.5 °C.');
  assert.equal(await page.title(), 'demo · Thermostat');
  page.isClean();
});

test('a setpoint given on the page reaches relay and broker', async (t) => {
  const demo = await startDemo();
  t.after(demo.stop);
  const page = await open(t, demo.url);
  const room = zone(page, 'living-room');
  await room.getByRole('textbox').fill('10');
  await room.getByRole('textbox').press('Enter');
  await shows(room.locator('.sentence'), 'Warm enough: heats below 9.7 °C.');
  await room.getByRole('textbox').fill('25,5');
  await room.getByRole('textbox').press('Enter');
  await shows(room.locator('.answer'), 'Set to 25.5 °C, heat.');
  await demo.says(/living-room: heater on .* desired 25.5 °C: too_cold/);
  const control = await retained(demo, 'living-room');
  assert.equal(control.readDoubleLE(control.indexOf(0x11) + 1), 25.5); // field 2, a double
  assert.ok(control.includes('page'), 'its source');

  await room.getByRole('button', { name: 'Warmer' }).click(); // once more, and it is sent when nobody presses
  await shows(room.locator('.answer'), 'Set to 26.0 °C, heat.');
  await room.getByRole('button', { name: 'Off', exact: true }).click();
  await demo.says(/living-room: heater off .* mode_off/);
  await shows(room.locator('.sentence'), 'Switched off.');
  await shows(room.locator('.answer'), 'Switched off.');
  assert.equal(await room.getByRole('button', { name: 'Off', exact: true }).getAttribute('aria-pressed'), 'true');
  assert.equal(await room.getByRole('textbox').inputValue(), '26.0', 'the temperature stays');
  page.isClean();
});

// retained gives what the broker keeps on a zone's control topic. An agent that
// has just begun asks for some seconds what is there before it says its own.
async function retained(demo, name) {
  const [host, port] = demo.broker.split(':');
  const hear = (...how) => run('mosquitto_sub', ['-h', host, '-p', port, '-t', `thermostat/demo/${name}/control`, '-C', '1', '-N', ...how], { encoding: 'buffer' });
  await hear('-W', '60');
  return (await hear('--retained-only', '-W', '60')).stdout;
}

test('what others set is shown, and what is being typed is left alone', async (t) => {
  const demo = await startDemo();
  t.after(demo.stop);
  const page = await open(t, demo.url);
  const room = zone(page, 'workshop'), other = zone(page, 'living-room');
  await other.getByRole('textbox').fill('2');
  const [host, port] = demo.broker.split(':');
  for (const name of ['workshop', 'living-room']) {
    await run('mosquitto_pub', ['-h', host, '-p', port, '-r', '-t', `thermostat/demo/${name}/control`, '-m', '{"desired":16,"mode":"heat"}']);
  }
  await shows(room.locator('.answer'), 'Set by the broker.');
  assert.equal(await room.getByRole('textbox').inputValue(), '16.0');
  await shows(other.locator('.sentence'), /1[56]\.\d °C/);
  assert.equal(await other.getByRole('textbox').inputValue(), '2');
  await other.getByRole('textbox').press('Escape');
  assert.equal(await other.getByRole('textbox').inputValue(), '16.0');
  page.isClean();
});

test('a refused value shows its reason and changes nothing', async (t) => {
  const demo = await startDemo();
  t.after(demo.stop);
  const page = await open(t, demo.url);
  const room = zone(page, 'living-room');
  await room.getByRole('textbox').fill('40');
  await room.getByRole('textbox').press('Enter');
  await shows(room.locator('.answer'), 'Not changed: desired: 40 is outside 5..28 °C.');
  assert.equal(await room.locator('.answer').getAttribute('role'), 'status');
  await page.waitForFunction(() => document.querySelector('#zone-living-room .number').value === '20.0');
  await room.getByRole('textbox').fill('warm');
  await room.getByRole('textbox').press('Enter');
  await shows(room.locator('.answer'), 'That is no temperature.');
  page.isClean('422 (Unprocessable Entity)'); // Chromium tells of every such answer
});

test('a fault shows within 2 s, on top, and no old value as if it were new', async (t) => {
  const demo = await startDemo('--fault', 'sensor-gone@12s');
  t.after(demo.stop);
  const page = await open(t, demo.url);
  assert.equal(await page.locator('#notices li').count(), 0);
  await demo.says(/fault sensor-gone/);
  const began = Date.now();
  await page.locator('#notices li', { hasText: 'Living room: No good reading' }).waitFor({ timeout: 2000 }); // the promise
  t.diagnostic(`a fault was shown ${Date.now() - began} ms after it was made`);
  await shows(page.locator('#notices'), /simulated sensor is gone\. Since \d\d:\d\d:\d\d\./);
  await shows(zone(page, 'living-room').locator('.temperature'), '–');
  await shows(zone(page, 'living-room').locator('.sentence'), 'Off: the last reading is too old to act on.');
  await zone(page, 'living-room').locator('.gap').last().waitFor({ state: 'attached' });
  assert.equal(await page.locator('#notices').getAttribute('aria-live'), 'assertive');
  page.isClean();
});

test('what is latched can be cleared', async (t) => {
  const demo = await startDemo('--fault', 'relay-dead@3s', '--speed', '2000');
  t.after(demo.stop);
  const page = await open(t, demo.url);
  const notice = page.locator('#notices li', { hasText: 'Heats, but does not get warm' }).first();
  await notice.waitFor({ timeout: 120_000 });
  await shows(page.locator('.sentence').first(), /Heat is switched off: it ran|Waits|Heats/);
  const clear = notice.getByRole('button', { name: /^Clear the faults of / });
  const name = (await clear.getAttribute('aria-label')).includes('Living') ? 'living-room' : 'workshop';
  await clear.click();
  await shows(zone(page, name).locator('.answer'), 'Cleared; what still holds comes back.');
  await demo.says(new RegExp(`${name}: fault not_warming is over`));
  page.isClean();
});

test('the broker is missed, and the page says so', async (t) => {
  const demo = await startDemo('--fault', 'broker-down@4s');
  t.after(demo.stop);
  const page = await open(t, demo.url);
  await page.locator('#notices li', { hasText: 'No broker' }).waitFor();
  await page.locator('#notices li', { hasText: 'No broker' }).waitFor({ state: 'detached' });
  page.isClean();
});

test('the agent stopped shows "disconnected", and recovers', async (t) => {
  const demo = await startDemo();
  t.after(demo.stop);
  const page = await open(t, demo.url);
  await shows(zone(page, 'workshop').locator('.temperature'), /^\d/);
  await demo.stop();
  await shows(page.locator('#link'), 'Disconnected · trying again');
  await shows(zone(page, 'workshop').locator('.temperature'), '–');
  await shows(zone(page, 'workshop').locator('.sentence'), /^Last heard of at \d\d:\d\d:\d\d\. It was [\d.]+ °C then\.$/);
  const again = await startDemo('--http', new URL(demo.url).host);
  t.after(again.stop);
  assert.equal(again.url, demo.url);
  await shows(page.locator('#link'), 'Live');
  await shows(zone(page, 'workshop').locator('.temperature'), /^\d/);
  page.isClean('net::ERR_'); // Chromium tells of every connection that was refused
});

test('an agent that falls silent without a word is found out', async (t) => {
  const demo = await startDemo();
  t.after(async () => { demo.child.kill('SIGCONT'); await demo.stop(); });
  const page = await open(t, demo.url);
  demo.child.kill('SIGSTOP'); // its sockets stay open
  await shows(page.locator('#link'), 'Disconnected · trying again');
  demo.child.kill('SIGCONT');
  await shows(page.locator('#link'), 'Live');
  page.isClean('net::ERR_');
});

test('keyboard alone is enough', async (t) => {
  const demo = await startDemo();
  t.after(demo.stop);
  const page = await open(t, demo.url);
  await zone(page, 'living-room').locator('.temperature-line').waitFor();
  await page.waitForFunction(() => Number(document.querySelector('#zone-living-room .plot').ariaValueMax) >= 5); // its first moment has no reading
  const focused = () => page.evaluate(() => {
    const e = document.activeElement;
    return `${e.ariaLabel ?? e.textContent} ${getComputedStyle(e.closest('.field') ?? e).outlineStyle}`;
  });
  const names = [];
  for (let i = 0; i < 6; i++) {
    await page.keyboard.press('Tab');
    names.push(await focused());
  }
  assert.deepEqual(names, [
    'Colder solid', 'Set Living room to, in °C solid', 'Warmer solid', 'Off solid', 'Heat solid',
    'Living room: the last 24 hours; the arrow keys move through the time solid',
  ]);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  const chart = zone(page, 'living-room').locator('.plot');
  const said = /^\d\d:\d\d:\d\d · [\d.]+ °C · set to 20\.0 · heat (on|off|\d+ %)$/;
  assert.match(await chart.getAttribute('aria-valuetext'), said);
  assert.match(await zone(page, 'living-room').locator('figcaption').textContent(), said);
  await page.keyboard.press('Home');
  assert.equal(await chart.getAttribute('aria-valuenow'), '0');
  await page.keyboard.press('Escape');
  assert.match(await chart.getAttribute('aria-valuetext'), /^Last \d+ s: /);
  page.isClean();
});

test('mouse and finger read the chart', async (t) => {
  const demo = await startDemo();
  t.after(demo.stop);
  for (const options of [{}, { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } }]) {
    const page = await open(t, demo.url, options);
    const chart = zone(page, 'living-room').locator('.plot');
    await zone(page, 'living-room').locator('.temperature-line').waitFor();
    const readout = zone(page, 'living-room').locator('figcaption');
    for (let tries = 1; !/· [\d.]+ °C ·/.test(await readout.textContent()); tries++) { // the page may still move, and its first moment has no reading
      assert.ok(tries < 30, await readout.textContent());
      const box = await chart.boundingBox();
      const x = box.x + box.width - 20 - (tries % 2);
      if (options.hasTouch) await page.touchscreen.tap(x, box.y + 60);
      else await page.mouse.move(x, box.y + 60);
      await page.waitForTimeout(250);
    }
    assert.equal(await chart.locator('.cross line').count(), 1);
    page.isClean();
  }
});

for (const { name, ...sight } of sights) {
  test(`accessible and in one piece: ${name}`, async (t) => {
    const demo = await startDemo('--fault', 'sensor-gone@4s');
    t.after(demo.stop);
    const page = await open(t, demo.url, sight);
    await page.locator('#notices li').first().waitFor();
    assert.deepEqual(await axeFinds(page), []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'scrolls sideways');
    page.isClean();
  });
}

test('°F is shown and taken', async (t) => {
  const agent = await startAgent({ units: 'F' });
  t.after(agent.stop);
  const page = await open(t, agent.url);
  const room = zone(page, 'room-1');
  await shows(room.locator('.unit'), '°F');
  await shows(room.locator('.temperature'), /^6[78]\.\d$/); // 20 °C
  await shows(room.locator('.sentence'), 'Warm enough: heats below 65.3 °F.');
  await room.getByRole('textbox').fill('70');
  await room.getByRole('textbox').press('Enter');
  await shows(room.locator('.answer'), 'Set to 70.0 °F, heat.');
  await page.waitForTimeout(100);
  const states = await (await fetch(`${agent.url}/api/zones`)).json();
  assert.equal(states[0].desired, 21.1111);
  await room.getByRole('button', { name: 'Warmer' }).click();
  await shows(room.locator('.answer'), 'Set to 71.0 °F, heat.');
  await room.getByRole('textbox').fill('100');
  await room.getByRole('textbox').press('Enter');
  await shows(room.locator('.answer'), 'Not changed: desired: 100 is outside 41..82.4 °F.');
  page.isClean('422');
});

test('outside loopback a change asks for the password', async (t) => {
  const agent = await startAgent({ listen: '0.0.0.0:0', password: 'sesame' });
  t.after(agent.stop);
  for (const [password, words] of [['sesame', 'Set to 21.0 °C, heat.'], ['wrong', 'Not changed: the password is wrong.']]) {
    const page = await open(t, agent.url, { httpCredentials: { username: 'any', password } });
    await zone(page, 'room-1').getByRole('textbox').fill('21');
    await zone(page, 'room-1').getByRole('textbox').press('Enter');
    await shows(zone(page, 'room-1').locator('.answer'), words);
    page.isClean('401 (Unauthorized)');
    await fetch(`${agent.url}/api/zones/room-1/control`, { method: 'PUT', body: '{"desired":18}', headers: { Authorization: `Basic ${btoa('x:sesame')}` } });
  }
});

test('outside loopback without a password nothing can be changed', async (t) => {
  const agent = await startAgent({ listen: '0.0.0.0:0' });
  t.after(agent.stop);
  const page = await open(t, agent.url);
  await shows(zone(page, 'room-1').locator('.answer'), 'This address only shows.');
  assert.equal(await page.locator('.controls :enabled').count(), 0);
  page.isClean();
});

test('20 rooms with a full history: little to load, and it stays responsive', async (t) => {
  const agent = await startAgent({ rooms: 20, history: true });
  t.after(agent.stop);
  for (const viewport of [{ width: 390, height: 844 }, { width: 1180, height: 800 }]) {
    const began = Date.now();
    const page = await open(t, agent.url, { viewport });
    const folded = page.locator('[data-fold="closed"] .toggle');
    if (viewport.width < 760) {
      await shows(page.locator('#zone-room-20 .temperature'), '20.0');
      t.diagnostic(`${viewport.width} px: ${page.bytes()} bytes until the overview was there`);
      assert.equal(await folded.count(), 20);
      await folded.first().click();
    }
    await page.locator('#zone-room-1 .temperature-line').waitFor();
    await shows(page.locator('#zone-room-1 figcaption'), /^Last 24 h: /);
    t.diagnostic(`${viewport.width} px: ${page.bytes()} bytes and ${Date.now() - began} ms until the charts in sight were drawn`);
    assert.ok(page.bytes() < 100_000, `${page.bytes()} bytes`);
    const slowest = await page.evaluate(async () => {
      let slowest = 0;
      new PerformanceObserver((list) => { for (const e of list.getEntries()) slowest = Math.max(slowest, e.duration); }).observe({ type: 'longtask' });
      for (const toggle of document.querySelectorAll('[data-fold="closed"] .toggle')) {
        toggle.click();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      for (let y = 0; y < document.body.scrollHeight; y += 300) {
        scrollTo(0, y);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return slowest;
    });
    t.diagnostic(`${viewport.width} px: the longest task while opening and scrolling through all rooms ${Math.round(slowest)} ms (0: none over 50 ms)`);
    assert.equal(await page.locator('.temperature-line').count(), 20);
    page.isClean();
  }
});

test('20.25 and Enter on a slow link: one request each, and the field says what the agent says', async (t) => {
  const agent = await startAgent({});
  t.after(agent.stop);
  const page = await open(t, agent.url);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 300, downloadThroughput: 20_000, uploadThroughput: 20_000 });
  let puts = 0;
  page.on('request', (r) => { if (r.method() === 'PUT') puts++; });
  const field = zone(page, 'room-1').getByRole('textbox');
  const tries = 50, put = (body) => fetch(`${agent.url}/api/zones/room-1/control`, { method: 'PUT', body });
  for (let i = 1; i <= tries; i++) {
    await put('{"desired":19}'); // by somebody else, at once
    await page.waitForFunction(() => document.querySelector('#zone-room-1 .number').value === '19.0');
    await field.fill('20.25');
    await page.evaluate(() => {
      const seen = globalThis.seen = new Set(), input = document.querySelector('#zone-room-1 .number');
      const look = () => { if (globalThis.seen === seen) { seen.add(input.value); requestAnimationFrame(look); } };
      look();
    });
    await field.press('Enter');
    if (i % 2) await field.press('Enter'); // and the impatient
    if (i % 3 === 0) await field.blur();
    await page.waitForFunction(() => document.querySelector('#zone-room-1 .answer').textContent === 'Set to 20.25 °C, heat.');
    await page.waitForFunction(() => document.querySelector('#zone-room-1 .aim').textContent === 'set to 20.25 °C'); // the agent's own word has come
    assert.deepEqual(await page.evaluate(() => [...globalThis.seen]), ['20.25'], `try ${i}`);
    assert.equal(puts, i);
    await page.evaluate(() => { document.querySelector('#zone-room-1 .answer').textContent = ''; });
  }
  page.isClean();
});

test('what is entered one after the other is asked for in turn, and nothing of it is lost', async (t) => {
  const agent = await startAgent({});
  t.after(agent.stop);
  const page = await open(t, agent.url);
  const asked = [];
  await page.route('**/control', async (route) => {
    asked.push(JSON.parse(route.request().postData()));
    await new Promise((resolve) => setTimeout(resolve, 400));
    await route.continue();
  });
  const room = zone(page, 'room-1');
  await room.getByRole('textbox').fill('21.5');
  await room.getByRole('textbox').press('Enter');
  await room.getByRole('button', { name: 'Off', exact: true }).click();
  await room.getByRole('textbox').fill('18'); // while the first two are on their way
  await shows(room.locator('.answer'), 'Switched off.');
  assert.equal(await room.getByRole('textbox').inputValue(), '18', 'what is being typed stays');
  await room.getByRole('textbox').press('Escape');
  assert.equal(await room.getByRole('textbox').inputValue(), '21.5');
  assert.deepEqual(asked.map(({ desired, mode }) => [desired, mode]), [[21.5, 'heat'], [21.5, 'off']]);
  page.isClean();
});

test('a change without an answer is not called refused, and the field says what holds', async (t) => {
  const agent = await startAgent({});
  t.after(agent.stop);
  const page = await open(t, agent.url);
  await page.route('**/control', (route) => route.abort());
  const room = zone(page, 'room-1');
  await room.getByRole('textbox').fill('22');
  await room.getByRole('textbox').press('Enter');
  await shows(room.locator('.answer'), 'The agent does not answer.');
  assert.equal(await room.getByRole('textbox').inputValue(), '19.0');
  page.isClean('net::ERR_');
});

test('six rooms are one screen of a phone, and each opens on touch', async (t) => {
  const agent = await startAgent({ rooms: 6 });
  t.after(agent.stop);
  for (const { name, ...sight } of sights) {
    await fetch(`${agent.url}/api/zones/room-2/control`, { method: 'PUT', body: '{"desired":19}' });
    const page = await open(t, agent.url, sight);
    await shows(zone(page, 'room-6').locator('.temperature'), '20.0');
    if (!sight.isMobile) {
      assert.equal(await page.locator('.toggle').count(), 0, name);
      assert.ok(await zone(page, 'room-6').getByRole('textbox').isVisible());
      continue;
    }
    assert.ok(await page.evaluate(() => document.body.scrollHeight <= innerHeight), 'more than one screen');
    await shows(zone(page, 'room-2').locator('.aim'), 'set to 19.0 °C');
    await shows(zone(page, 'room-2').locator('.action'), 'Idle');
    assert.equal(await page.locator('.controls:visible, .chart:visible').count(), 0);
    assert.deepEqual(await axeFinds(page), []);
    const toggle = zone(page, 'room-2').getByRole('button', { name: 'Room 2' });
    assert.equal(await toggle.getAttribute('aria-expanded'), 'false');
    await zone(page, 'room-2').tap({ position: { x: 300, y: 40 } }); // anywhere on the line
    await zone(page, 'room-2').locator('.temperature-line').waitFor({ state: 'attached' }); // a level line has no height
    assert.equal(await toggle.getAttribute('aria-expanded'), 'true');
    assert.equal(await page.locator('.temperature-line').count(), 1, 'the others are not drawn');
    assert.deepEqual(await axeFinds(page), []);
    await zone(page, 'room-2').getByRole('button', { name: 'Warmer' }).tap();
    await shows(zone(page, 'room-2').locator('.answer'), /^Set to (19\.5|20\.0) °C, heat\.$/);
    await toggle.press('Enter');
    await zone(page, 'room-2').getByRole('textbox').waitFor({ state: 'hidden' });
    await page.setViewportSize({ width: 1180, height: 800 });
    await zone(page, 'room-6').getByRole('textbox').waitFor();
    page.isClean();
  }
});

test('a sensor that fails does not look idle, and its range stands as the agent says it', async (t) => {
  const agent = await startAgent({ celsius: -40 });
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0]);
  await shows(page.locator('#notices li'), /^Room 1: No good reading-40\.00 °C is outside the plausible -30\.\.70 °C\. Since \d\d:\d\d:\d\d\.$/);
  await shows(zone(page, 'room-1').locator('.action'), 'No reading');
  await shows(zone(page, 'room-1').locator('.temperature'), '–');
  assert.equal(await zone(page, 'room-1').getAttribute('data-trouble'), 'true');
  assert.deepEqual(await axeFinds(page), []);
  page.isClean();
});

test('a room that was never set says so, and a first temperature makes it heat', async (t) => {
  const agent = await startAgent({ setpoint: '' });
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0]);
  const room = zone(page, 'room-1');
  await shows(room.locator('.answer'), 'Not set yet: choose a temperature.');
  await shows(room.locator('.action'), 'Not set');
  await shows(room.locator('.limits'), '(5 to 28 °C)');
  assert.equal(await room.locator('[aria-pressed="true"]').count(), 0);
  assert.deepEqual(await axeFinds(page), []);
  await room.getByRole('button', { name: 'Heat', exact: true }).tap();
  await shows(room.locator('.answer'), 'Choose a temperature first.');
  await page.keyboard.type('77F');
  await page.keyboard.press('Enter');
  await shows(room.locator('.answer'), 'Set to 25.0 °C, heat.');
  await shows(room.locator('.action'), 'Heating');
  await shows(room.locator('.answer'), 'Set by this page.');
  page.isClean();
});

test('a configured temperature is nobody\'s, and a mode that its band is too narrow for is not offered', async (t) => {
  const agent = await startAgent({ cooler: true, setpoint: '{mode: heat, desired: 19, up_delta: 0.3, down_delta: 0.3}' });
  t.after(agent.stop);
  const page = await open(t, agent.url);
  await shows(zone(page, 'room-1').locator('.answer'), 'As configured; nobody has changed it yet.');
  const modes = zone(page, 'room-1').locator('.modes button');
  assert.deepEqual(await modes.allTextContents(), ['Off', 'Heat', 'Cool', 'Heat & cool']);
  assert.equal(await modes.last().isVisible(), false);
  page.isClean();
});

test('what people type is read with its unit', async () => {
  const { exact, limits, parseDegrees, useUnits } = await import('../page/words.js');
  const table = {
    C: { '25F': -3.8889, '77 °F': 25, '77f': 25, '25': 25, '25 °C': 25, '25º': 25, '21ºC': 21, '70℉': 21.1111, '20,5': 20.5, '−3.5': -3.5, '.5': 0.5, '5.': 5 },
    F: { '77': 25, '25C': 25, '25 °c': 25, '70℉': 21.1111, '68,0': 20 },
  };
  for (const [units, rows] of Object.entries(table)) {
    useUnits(units);
    for (const [text, celsius] of Object.entries(rows)) assert.equal(parseDegrees(text), celsius, `${text} where ${units} is shown`);
    for (const text of ['', ' ', '25K', '1e3', '0x19', '2 5', '1,234.5', '20 CF', 'F', '°C', '∞', '--5']) assert.ok(Number.isNaN(parseDegrees(text)), text);
  }
  assert.deepEqual([70, 68.25].map((f) => exact(parseDegrees(String(f)))), ['70.0', '68.25']);
  assert.equal(limits({ desired_min: 5, desired_max: 28 }), '41 to 82.4 °F');
  useUnits('C');
  assert.deepEqual([20, 20.25, 20.125, 19.9999999, 10 - 0.3, -30].map(exact), ['20.0', '20.25', '20.125', '20.0', '9.7', '−30.0']);
  assert.equal(limits({ desired_min: -30, desired_max: 12.5 }), '−30 to 12.5 °C');
});

test('the labels of a chart do not stand on each other', async (t) => {
  const agent = await startAgent({ setpoint: '' }); // 19 to 21 °C: the uppermost label is at the edge
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0]);
  await zone(page, 'room-1').locator('.label', { hasText: '21.0' }).waitFor();
  const touching = await page.evaluate(() => {
    const boxes = [...document.querySelectorAll('.label')].map((e) => [e.textContent, e.getBBox()]);
    return boxes.flatMap(([a, p], i) => boxes.slice(i + 1).filter(([, q]) => {
      const deep = Math.min(p.y + p.height, q.y + q.height) - Math.max(p.y, q.y), wide = Math.min(p.x + p.width, q.x + q.width) - Math.max(p.x, q.x);
      return wide > 0 && deep > 2; // a box is a little higher than its figures
    }).map(([b]) => `${a} on ${b}`));
  });
  assert.deepEqual(touching, []);
  page.isClean();
});

test('every reason and every fault has a sentence', async () => {
  const { actionOf, sentence, faultWord } = await import('../page/words.js');
  const source = await readFile(new URL('../../controlloop/reasons.go', import.meta.url), 'utf8');
  const reasons = [...source.matchAll(/^\tReason\w+ +Reason = "(\w+)"/gm)].map((m) => m[1]);
  assert.ok(reasons.length >= 19, `${reasons}`);
  for (const reason of reasons) {
    for (const action of ['off', 'idle', 'heating', 'cooling']) {
      const words = sentence({ reason, action, mode: 'heat', desired: 20, up_delta: 0.5, down_delta: 0.5 }, 84);
      assert.match(words, /^[A-Z][^_]*\.$/, reason);
      if (['starting', 'min_off', 'max_on', 'changeover', 'crash_loop'].includes(reason)) assert.match(words, /^Waits 84 s: /);
      const { word, trouble } = actionOf({ reason, action, mode: 'heat', faults: [] });
      assert.match(word, /^[A-Z][a-z ]+$/);
      if (action === 'idle') assert.equal(word === 'Idle', ['min_on', 'too_cold', 'too_warm', 'in_band', 'mode_off'].includes(reason), `${reason} looks ${word}`);
      if (/cutout|not_|reading|sensor/.test(reason) && action === 'idle') assert.ok(trouble, reason);
    }
  }
  const topics = await readFile(new URL('../../docs/topics.md', import.meta.url), 'utf8');
  const faults = topics.match(/Faults: `([a-z_\s]+)`/)[1].split(/\s+/);
  assert.ok(faults.length >= 14);
  for (const name of faults) assert.doesNotMatch(faultWord(name), /_/);
});
