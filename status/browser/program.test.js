// The week of a room, its presets and holds on the page, as people use them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayIn, sights, startAgent, startDemo } from './demo.js';
import { axeFinds, open, shows, useChromium, zone } from './open.js';

useChromium();

const week = 'mon-fri 06:00 comfort, 08:30 eco, 16:30 comfort, 22:30 sleep; sat,sun 08:00 comfort, 23:00 21.5';
const auto = '{mode: auto, up_delta: 0.3, down_delta: 0.3}';

const programmed = (more = {}) => startAgent({ week, setpoint: auto, ...more });
const programOf = async (agent, name = 'room-1') => (await fetch(`${agent.url}/api/zones/${name}/program`)).json();
const stateOf = async (agent, name = 'room-1') => (await (await fetch(`${agent.url}/api/zones`)).json()).find((z) => z.zone === name);
const tell = (agent, method, path, body) => fetch(`${agent.url}/api/${path}`, { method, body: body && JSON.stringify(body) });

// instant is a time of the house as the agent says it.
const instant = (local) => new Date(local).toISOString().replace('.000', '');

// opened gives a room with its week open.
async function opened(page, name = 'room-1') {
  const room = zone(page, name);
  await room.getByRole('button', { name: /: week$/ }).click();
  await room.locator('.block').first().waitFor();
  return room;
}

// saved presses Save and waits for the agent's word.
async function saved(room) {
  await room.getByRole('button', { name: 'Save the week' }).click();
  await shows(room.locator('.week-answer'), 'Saved.');
}

// at gives the place of a minute in a day's bar.
async function at(room, day, minute) {
  const bar = room.getByRole('group', { name: day, exact: true }).locator('.bar');
  await bar.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await bar.boundingBox();
  return { x: x + (minute * width) / 1440, y: y + height / 2 };
}

test('a mouse drags an edge in steps of 5 minutes, and the week is saved as one word, and undone', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const before = await programOf(agent);
  const page = await open(t, agent.url), room = await opened(page);
  assert.equal(await room.getByRole('button', { name: 'Save the week' }).isDisabled(), true);
  const from = await at(room, 'Monday', 360), to = await at(room, 'Monday', 452);
  await page.mouse.move(from.x + 3, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x + 3, to.y, { steps: 4 });
  await page.mouse.up();
  const name = await room.locator('[data-selected="true"]').getAttribute('aria-label');
  assert.match(name, /^Monday 07:[23][05] comfort 20\.5\s°C$/);
  assert.equal((await programOf(agent)).week, before.week, 'nothing is said before it is saved');
  let puts = 0;
  page.on('request', (r) => { if (r.method() === 'PUT') puts++; });
  await saved(room);
  assert.equal(puts, 1);
  const time = name.slice(7, 12), after = await programOf(agent);
  assert.equal(after.week, `mon ${time} comfort, 08:30 eco, 16:30 comfort, 22:30 sleep; tue-fri 06:00 comfort, 08:30 eco, 16:30 comfort, 22:30 sleep; sat,sun 08:00 comfort, 23:00 21.5`);
  assert.deepEqual(after.presets, before.presets);
  await room.getByRole('button', { name: 'Undo' }).click();
  await shows(room.locator('.week-answer'), 'Undone.');
  assert.deepEqual(await programOf(agent), before);
  await room.getByRole('slider', { name: 'Monday 06:00 comfort 20.5 °C' }).waitFor();
  page.isClean();
});

test('an undo stays in its place for a minute, and nothing comes to lie there at once', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const page = await open(t, agent.url, {}, (page) => page.clock.install()), room = await opened(page), undo = room.getByRole('button', { name: 'Undo' });
  await room.getByRole('slider', { name: /^Monday / }).first().press('ArrowRight');
  await room.getByRole('button', { name: 'Save the week' }).press('Enter');
  await shows(room.locator('.week-answer'), 'Saved.');
  await room.locator('button:focus', { hasText: 'Undo' }).waitFor();
  const bar = room.locator('.week-actions'), isSticky = () => bar.evaluate((e) => getComputedStyle(e).position === 'sticky');
  assert.equal(await isSticky(), true, 'it stays in sight');
  assert.equal(await bar.evaluate((e) => [...e.children].filter((c) => c.checkVisibility()).map((c) => c.textContent).join(' · ')), 'Saved. · Undo');
  await page.clock.pauseAt(Date.now() + 40_000); // 20 s are left at least
  const place = await undo.boundingBox();
  assert.deepEqual([await undo.isEnabled(), await isSticky()], [true, true]);
  await page.clock.runFor(21_500);
  assert.deepEqual([await undo.isEnabled(), await isSticky(), await undo.boundingBox()], [false, true, place]);
  const said = (await programOf(agent)).week;
  await undo.click({ force: true });
  await page.clock.runFor(4000);
  assert.deepEqual([await undo.isVisible(), await isSticky(), (await programOf(agent)).week], [false, false, said]);
  page.isClean();
});

test('a week takes along the presets of the program before it, and none of the configuration', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  await tell(agent, 'PUT', 'zones/room-1/program', { week: '07:00 bath, 09:00 eco', presets: { bath: 23, eco: 17 } });
  const page = await open(t, agent.url), room = await opened(page);
  const said = page.waitForRequest((r) => r.method() === 'PUT');
  await room.getByRole('slider', { name: 'Monday 07:00 bath 23 °C' }).press('ArrowRight');
  await saved(room);
  assert.deepEqual((await said).postDataJSON(), { week: 'mon 07:05 bath, 09:00 eco; tue-sun 07:00 bath, 09:00 eco', presets: { bath: 23, eco: 17 }, away: [] });
  assert.deepEqual((await programOf(agent)).presets, { comfort: 20.5, eco: 17, sleep: 16.5, away: 12, boost: 23, bath: 23 });
  page.isClean();
});

test('an edge stops at its neighbour, and a day takes ten transitions', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const page = await open(t, agent.url), room = await opened(page);
  const from = await at(room, 'Saturday', 480), to = await at(room, 'Saturday', 1439);
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await page.mouse.up();
  await room.getByRole('slider', { name: 'Saturday 22:55 comfort 20.5 °C' }).waitFor();
  for (let i = 0; i < 8; i++) {
    const place = await at(room, 'Saturday', 100 + 60 * i);
    await page.mouse.click(place.x, place.y);
    await room.getByRole('button', { name: /^Add at / }).click();
  }
  const place = await at(room, 'Saturday', 1000);
  await page.mouse.click(place.x, place.y);
  assert.equal(await room.getByRole('button', { name: /^Add at / }).isDisabled(), true);
  await saved(room);
  assert.equal((await programOf(agent)).week.match(/; sat ([^;]*)/)[1].split(',').length, 10);
  page.isClean();
});

test('a week is edited by keyboard alone', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const page = await open(t, agent.url);
  await zone(page, 'room-1').getByRole('button', { name: /: week$/ }).focus();
  await page.keyboard.press('Enter');
  const room = zone(page, 'room-1');
  await room.locator('.block').first().waitFor();
  await page.keyboard.press('Tab');
  const focused = () => page.evaluate(() => `${document.activeElement.ariaLabel} ${getComputedStyle(document.activeElement).outlineStyle}`.replaceAll('\u00a0', ' '));
  for (let i = 0; i < 100 && !(await focused()).startsWith('Monday 06:00'); i++) await page.keyboard.press('ArrowUp');
  assert.equal(await focused(), 'Monday 06:00 comfort 20.5 °C solid');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+ArrowRight');
  assert.equal(await focused(), 'Monday 06:06 comfort 20.5 °C solid');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Delete'); // 08:30 eco
  await page.keyboard.press('End');
  assert.equal(await focused(), 'Monday 22:30 sleep 16.5 °C solid');
  await page.keyboard.press('Insert'); // in its middle
  assert.match(await focused(), /^Monday 23:15 comfort 20\.5\s°C/);
  for (const name of ['Monday from the day before', 'Monday 06:06', 'Monday 16:30', 'Monday 22:30', 'Monday 23:15']) assert.equal(await room.locator(`[aria-label^="${name}"]`).count(), 1, name);
  const reach = async (label) => {
    for (let i = 0; i < 30; i++) {
      if (await page.evaluate((l) => (document.activeElement.ariaLabel ?? document.activeElement.textContent) === l, label)) return;
      await page.keyboard.press('Tab');
    }
    assert.fail(`Tab does not reach ${label}`);
  };
  await reach('Off');
  await page.keyboard.press('Enter');
  await reach('Copy to Tue');
  await page.keyboard.press('Space');
  await reach('Save the week');
  await page.keyboard.press('Enter');
  await shows(room.locator('.week-answer'), 'Saved.');
  assert.match((await programOf(agent)).week, /^mon,tue 06:06 comfort, 16:30 comfort, 22:30 sleep, 23:15 off; wed-fri /);
  page.isClean();
});

test('whoever presses a key goes on from there, also where the button has gone', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const page = await open(t, agent.url), room = await opened(page), focused = () => page.evaluate(() => document.activeElement.ariaLabel?.replaceAll('\u00a0', ' ') || document.activeElement.outerHTML.slice(0, 80));
  const slider = room.getByRole('slider', { name: /^Monday / }).first();
  await slider.press('ArrowRight');
  await room.getByRole('button', { name: 'Discard' }).press('Enter');
  assert.equal(await focused(), 'Monday 06:00 comfort 20.5 °C');
  await room.getByRole('button', { name: 'Remove' }).press('Enter');
  assert.equal(await focused(), 'Monday from the day before: 21.5 °C');
  await tell(agent, 'PUT', 'zones/room-1/program', { week: '07:00 eco' });
  await room.getByRole('button', { name: 'Take the newer' }).press('Enter');
  assert.equal(await focused(), 'Monday from the day before: eco 18 °C');
  await page.getByRole('button', { name: 'Everybody goes away' }).press('Enter');
  await page.keyboard.press('Enter'); // Start
  await page.locator('.house button:focus', { hasText: 'Change the end' }).waitFor();
  await page.getByRole('button', { name: 'We are back' }).press('Enter');
  await page.locator('.house button:focus', { hasText: 'Everybody goes away' }).waitFor();
  page.isClean();
});

for (const locale of ['en-GB', 'de-DE']) {
  test(`a screen reader's tree has a name for all that can be used, and says nothing twice: ${locale}`, async (t) => {
    const agent = await programmed({ titles: ['Küche'], cooler: true });
    t.after(agent.stop);
    const page = await open(t, agent.url, { locale }), room = zone(page, 'room-1');
    await room.locator('.week-toggle').click();
    await room.getByRole('slider').nth(1).press('ArrowRight'); // so that there is all
    await shows(room.locator('.temperature'), /^20[.,]0$/);
    await page.locator('#house [aria-expanded]').click();
    const cdp = await page.context().newCDPSession(page), { nodes } = await cdp.send('Accessibility.getFullAXTree');
    const tree = nodes.filter((n) => !n.ignored).map((n) => ({ role: n.role?.value, name: n.name?.value ?? '', description: n.description?.value ?? '' }));
    const used = tree.filter(({ role }) => ['button', 'slider', 'textbox', 'spinbutton', 'InputTime', 'DateTime', 'Date'].includes(role));
    assert.ok(used.length > 70, `${used.length}`);
    assert.deepEqual(used.filter(({ name }) => !/\p{L}{2}/u.test(name)), []);
    assert.deepEqual(tree.filter(({ role, name }) => ['group', 'region', 'article', 'list', 'slider'].includes(role) && name === ''), []);
    assert.deepEqual(tree.filter(({ name, description }) => description && name.includes(description)), []);
    for (const role of ['RootWebArea', 'banner', 'main', 'contentinfo', 'heading', 'article', 'region', 'status', 'figure']) assert.ok(tree.some((n) => n.role === role), role);
    const said = tree.filter(({ role }) => role === 'StaticText').map(({ name }) => name);
    assert.equal(said[said.findIndex((text) => /^20[.,]0$/.test(text)) + 1], '°C', 'a temperature has its unit');
    page.isClean();
  });
}

test('a thumb edits the week on a phone', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0]), room = await opened(page);
  const cdp = await page.context().newCDPSession(page);
  const touch = (type, ...points) => cdp.send('Input.dispatchTouchEvent', { type, touchPoints: points });
  const from = await at(room, 'Monday', 510), to = await at(room, 'Monday', 600);
  await touch('touchStart', from);
  for (let i = 1; i <= 5; i++) await touch('touchMove', { x: from.x + ((to.x - from.x) * i) / 5, y: from.y });
  await touch('touchEnd');
  await room.getByRole('slider', { name: /^Monday (09:5\d|10:0\d) eco 18\s°C$/ }).waitFor();
  await room.getByRole('button', { name: 'Warmer in the program' }).tap();
  await room.getByRole('slider', { name: /^Monday (09:5\d|10:0\d) 18\.5\s°C$/ }).waitFor();
  await room.getByRole('button', { name: 'Later: +5 min' }).tap();
  const small = await page.evaluate(() => [...document.querySelectorAll('.week button, .week input, .hands button, .bar, .week-toggle, .house button')]
    .filter((e) => e.checkVisibility() && (e.getBoundingClientRect().height < 44 || e.getBoundingClientRect().width < 44)).map((e) => e.textContent || e.className));
  assert.deepEqual(small, [], 'too small for a thumb');
  const tops = await room.locator('.begin > *').evaluateAll((all) => all.map((e) => e.getBoundingClientRect().top));
  assert.deepEqual(tops, Array(3).fill(tops[0]), 'on one line');
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'scrolls sideways');
  await room.getByRole('button', { name: 'Save the week' }).tap();
  await shows(room.locator('.week-answer'), 'Saved.');
  assert.match((await programOf(agent)).week, /^mon 06:00 comfort, (09:5\d|10:0\d|10:1\d) 18\.5, 16:30/);
  page.isClean();
});

test('a swipe that begins on a bar scrolls the page, and the selection stays', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0]), room = await opened(page), cdp = await page.context().newCDPSession(page);
  const touch = (type, ...points) => cdp.send('Input.dispatchTouchEvent', { type, touchPoints: points });
  const selected = () => room.locator('[data-selected="true"]').getAttribute('aria-label'), scrolled = () => page.evaluate(() => scrollY);
  const tap = await at(room, 'Wednesday', 700);
  await page.touchscreen.tap(tap.x, tap.y);
  assert.match(await selected(), /^Wednesday 08:30/, 'a tap selects');
  for (const minute of [700, 990]) { // inside a block, and at an edge
    const from = await at(room, 'Friday', minute), before = await scrolled();
    await touch('touchStart', from);
    for (let i = 1; i <= 10; i++) await touch('touchMove', { x: from.x + i, y: from.y - 12 * i });
    await touch('touchEnd');
    await page.waitForFunction((was) => scrollY !== was, before);
    assert.match(await selected(), /^Wednesday 08:30/);
  }
  assert.equal(await room.getByRole('button', { name: 'Save the week' }).isDisabled(), true);
  page.isClean();
});

test('each block of the selected day is a button, and what goes on from the day before leads there', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0]), room = await opened(page), blocks = room.locator('.blocks button'), where = room.locator('.where');
  const place = await at(room, 'Monday', 200);
  await page.touchscreen.tap(place.x, place.y);
  await shows(where, /^Monday$/);
  assert.deepEqual(await blocks.allTextContents(), ['from Sunday 23:00: 21.5°', '06:00 20.5°', '08:30 18°', '16:30 20.5°', '22:30 16.5°']);
  await room.getByRole('button', { name: 'Monday: 22:30 16.5°' }).tap();
  await shows(where, 'Monday from 22:30');
  await room.getByRole('button', { name: 'Monday: 22:30 16.5°', pressed: true }).waitFor();
  assert.equal(await room.getByLabel('Begins at').inputValue(), '22:30');
  assert.equal(await room.locator('.blocks').evaluate((e) => e.scrollWidth > e.clientWidth), false, 'all are in sight');
  await blocks.first().press('Enter');
  await shows(where, 'Sunday from 23:00');
  assert.equal(await page.evaluate(() => document.activeElement.ariaLabel), 'Sunday: 23:00 21.5°', 'the keyboard goes along');
  assert.deepEqual(await blocks.allTextContents(), ['from Saturday 23:00: 21.5°', '08:00 20.5°', '23:00 21.5°']);
  assert.deepEqual(await axeFinds(page), []);
  page.isClean();
});

test('what is typed belongs to the block that it was typed in, and only a change is entered', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0]), room = await opened(page);
  const touch = async (minute) => {
    const place = await at(room, 'Monday', minute);
    await page.touchscreen.tap(place.x, place.y);
  };
  const time = room.getByLabel('Begins at'), degrees = room.getByLabel('Temperature, in °C');
  await touch(700);
  await touch(430); // the block under the finger, and not the edge beside it that is selected
  await shows(room.locator('.where'), 'Monday from 06:00');
  await time.fill('06:30');
  await room.getByRole('slider', { name: 'Monday 06:30 comfort 20.5 °C' }).waitFor(); // all shows it at once
  const next = room.getByRole('button', { name: /^Monday: 08:30/ }), { x, y } = await next.boundingBox();
  await page.touchscreen.tap(x + 20, y + 10); // no Enter: the button does not move away under the finger
  await shows(room.locator('.where'), 'Monday from 08:30');
  assert.deepEqual([await time.inputValue(), await degrees.inputValue()], ['08:30', '18']);
  await room.getByRole('slider', { name: 'Monday 06:30 comfort 20.5 °C' }).waitFor();
  await degrees.fill('17');
  await touch(1100);
  await room.getByRole('slider', { name: 'Monday 08:30 17 °C' }).waitFor();
  assert.deepEqual([await time.inputValue(), await degrees.inputValue()], ['16:30', '20.5']);
  await time.fill('16:45');
  await time.press('Enter');
  await touch(700);
  await shows(room.locator('.where'), 'Monday from 08:30');
  assert.equal(await room.locator('.week-answer').textContent(), '', 'nothing is wrong');
  await degrees.focus();
  await touch(1100); // a preset stays one where nothing was typed
  await saved(room);
  assert.match((await programOf(agent)).week, /^mon 06:30 comfort, 08:30 17, 16:45 comfort, 22:30 sleep; tue-fri 06:00/);
  await touch(420);
  await time.fill('07:00');
  await room.getByRole('button', { name: 'Copy to Tue' }).evaluate((b) => b.click()); // some browsers leave the focus in the field
  await room.getByRole('slider', { name: 'Tuesday 07:00 comfort 20.5 °C' }).waitFor();
  page.isClean();
});

test('a typed time goes anywhere in the day, and only one that another block has is refused and stays to be mended', async (t) => {
  const agent = await programmed({ week: 'mon 06:30 21; tue 06:30 20' });
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0]), room = await opened(page), time = room.getByLabel('Begins at'), answer = room.locator('.time-answer');
  const tap = await at(room, 'Monday', 700), chip = (name) => room.getByRole('button', { name: `Monday: ${name}` });
  await page.touchscreen.tap(tap.x, tap.y);
  await room.getByRole('button', { name: 'Add at 11:45' }).waitFor(); // where the bar was tapped
  await chip('06:30').tap();
  await room.getByRole('button', { name: 'Add at 22:00' }).tap();
  await shows(room.locator('.where'), 'Monday from 22:00');
  await time.fill('05:00');
  await shows(room.locator('.where'), 'Monday from 05:00');
  assert.deepEqual((await room.locator('.blocks .chip').allTextContents()).map((text) => text.slice(0, 5)), ['05:00', '06:30']);
  await room.getByRole('button', { name: /^Monday: 05:00/, pressed: true }).waitFor();
  const places = () => room.locator('.tools *').evaluateAll((all) => all.map((e) => [e.className, e.offsetTop, e.offsetLeft].join()));
  const before = await places();
  await time.fill('06:30');
  await shows(answer, 'Another block begins at 06:30.');
  assert.deepEqual((await places()).filter((place) => !place.startsWith('chip')), before.filter((place) => !place.startsWith('chip')), 'nothing moves');
  await time.press('Enter');
  await room.getByRole('button', { name: 'Save the week' }).tap();
  assert.deepEqual([await time.inputValue(), await time.evaluate((e) => e === document.activeElement)], ['06:30', true]);
  assert.equal((await programOf(agent)).week, 'mon 06:30 21; tue 06:30 20', 'what is wrong is not saved');
  await chip('06:30').tap();
  assert.deepEqual([await answer.textContent(), await time.inputValue()], ['', '06:30'], 'of another block it is not true');
  await chip('22:00').tap();
  await time.fill('21:30');
  await time.press('Enter');
  await shows(room.locator('.where'), 'Monday from 21:30');
  await saved(room);
  assert.match((await programOf(agent)).week, /^mon 06:30 21, 21:30 \w+; tue 06:30 20$/);
  page.isClean();
});

test('a press after typing does what it says, whatever the typed does', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const page = await open(t, agent.url), room = await opened(page), degrees = room.getByLabel('Temperature, in °C'), where = room.locator('.where');
  await page.mouse.click(...Object.values(await at(room, 'Monday', 700)));
  let puts = 0;
  page.on('request', (r) => { if (r.method() === 'PUT') puts++; });
  const press = async (button, between = () => {}) => {
    const { x, y, height } = await button.boundingBox();
    await page.mouse.move(x + 6, y + height - 3);
    await page.mouse.down();
    await between();
    await page.mouse.up();
  };
  for (const [typed, chip] of [['17', '16:30'], ['x', '06:00'], ['90', '08:30']]) {
    await degrees.fill(typed);
    if (typed === 'x') await shows(room.locator('.time-answer'), 'That is no temperature.');
    await press(room.getByRole('button', { name: `Monday: ${chip}` }));
    await shows(where, `Monday from ${chip}`);
    assert.equal(await room.locator('.time-answer').textContent(), '');
  }
  assert.deepEqual(await room.locator('.blocks .chip').allTextContents(), ['06:00 28°', '08:30 17°', '16:30 20.5°', '22:30 16.5°']);
  await room.locator('.number').fill('90');
  await press(room.locator('.week-toggle'), async () => {
    await page.evaluate(async () => (await fetch('api/zones')).json());
    assert.equal(puts, 0, 'nothing is asked for while something is pressed');
  });
  await room.locator('.week').waitFor({ state: 'hidden' });
  await shows(room.locator('.answer'), 'Not changed: desired: 90');
  await room.locator('.number').fill('19');
  await press(room.locator('.hands [data-preset="eco"]'));
  await room.getByRole('button', { name: 'Eco 18°', pressed: true }).waitFor();
  page.isClean('422');
});

test('what is refused moves nothing on a phone', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0]), room = await opened(page), number = room.locator('.number');
  const places = () => page.locator('.zone .week-box, .zone .tools > *, .zone .chart, .zones').evaluateAll((all) => all.map((e) => e.offsetTop));
  await page.getByRole('button', { name: 'Everybody goes away' }).tap();
  await room.locator('.bar').first().waitFor();
  await page.locator('.until').fill(`${dayIn(90)}T18:00`);
  const before = await places();
  await page.getByRole('button', { name: 'Start', exact: true }).tap();
  await shows(page.locator('.house-answer'), 'Press once more');
  for (const typed of ['x', '90']) {
    await number.fill(typed);
    await number.press('Enter');
    await room.locator('.answer[data-kind="refused"]').filter({ hasText: typed === 'x' ? 'That is no temperature.' : '90' }).waitFor();
    assert.deepEqual(await places(), before);
  }
  await room.getByLabel('Temperature, in °C').fill('x');
  await shows(room.locator('.time-answer'), 'That is no temperature.');
  assert.deepEqual(await places(), before);
  page.isClean('422');
});

test('where nobody has set anything no boost is offered, away names the room, and a first week is followed where it is saved', async (t) => {
  const agent = await startAgent({ rooms: 3, titles: ['Bath', 'Hall', 'Den'], setpoint: '', home: true });
  t.after(agent.stop);
  for (const name of ['room-2', 'room-3']) await tell(agent, 'PUT', `zones/${name}/control`, { desired: 20, mode: 'heat' });
  const page = await open(t, agent.url, sights[0]), boost = (name) => zone(page, name).locator('.boost button').first();
  for (const name of ['room-1', 'room-2']) await page.locator(`#zone-${name} .toggle`).tap();
  await shows(boost('room-2'), 'Boost 60 min');
  assert.equal(await boost('room-2').isEnabled(), true);
  await shows(boost('room-1'), 'Boost: set a temperature first');
  assert.equal(await boost('room-1').isEnabled(), false);
  await tell(agent, 'PUT', 'zones/room-2/control', { mode: 'off' });
  await shows(boost('room-2'), 'Boost: not while off');
  await page.getByRole('button', { name: 'Everybody goes away' }).tap();
  await shows(page.locator('.away-coming'), /Left out: Bath \(not set\) and Hall \(off\)\.$/);
  assert.deepEqual(await axeFinds(page), []);
  const room = await opened(page);
  await room.getByRole('button', { name: 'Add at 06:30' }).tap();
  await room.getByRole('button', { name: 'Save the week' }).tap();
  await shows(room.locator('.week-answer'), 'Saved. The room does not follow it yet.');
  assert.deepEqual(await axeFinds(page), []);
  await room.locator('.week-actions').getByRole('button', { name: 'Follow the program' }).tap();
  await shows(room.locator('.week-answer'), 'Follows the saved week.');
  assert.equal((await stateOf(agent)).target, 'program');
  await room.locator('.week-actions').getByRole('button', { name: 'Follow the program' }).waitFor({ state: 'hidden' });
  await boost('room-1').click({ trial: true }); // once the room's state has come: it waits for a button that is enabled
  page.isClean();
});

test('a day is copied to all weekdays or the weekend, and a day that is the same already says so', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0]), room = await opened(page), words = (name) => room.getByRole('button', { name, exact: true }).textContent();
  await room.getByRole('slider', { name: 'Monday 06:00' }).press('ArrowRight');
  await room.getByRole('button', { name: 'Copy to Wed' }).tap();
  assert.deepEqual([await words('Wed: same as Monday'), await words('Copy to Thu'), await words('Copy to all of Mon–Fri')], ['= Wed', 'Thu', 'Mon–Fri']);
  await room.getByRole('button', { name: 'Copy to all of Mon–Fri' }).tap();
  assert.equal(await words('Mon–Fri: same as Monday'), '= Mon–Fri');
  assert.deepEqual(await axeFinds(page), []);
  await room.getByRole('slider', { name: 'Saturday 08:00' }).press('ArrowRight');
  assert.equal(await words('Copy to all of Mon–Fri'), 'Mon–Fri');
  await room.getByRole('button', { name: 'Copy to all of Sat, Sun' }).tap();
  assert.equal(await words('Sun: same as Saturday'), '= Sun');
  await saved(room);
  assert.equal((await programOf(agent)).week, 'mon-fri 06:05 comfort, 08:30 eco, 16:30 comfort, 22:30 sleep; sat,sun 08:05 comfort, 23:00 21.5');
  page.isClean();
});

test('a week that is not saved is not lost: leaving asks, another language keeps it, and Save stays in sight', async (t) => {
  const agent = await programmed({ rooms: 3 });
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0]), asked = [], time = zone(page, 'room-2').locator('.time'), actions = zone(page, 'room-2').locator('.week-actions');
  page.on('dialog', async (d) => {
    asked.push(d.type());
    await d.dismiss();
  });
  await page.locator('#zone-room-2 .toggle').tap();
  const room = await opened(page, 'room-2');
  const inSight = () => actions.evaluate((e) => e.getBoundingClientRect().bottom <= innerHeight);
  await room.locator('.bars').evaluate((e) => e.scrollIntoView());
  assert.equal(await inSight(), false);
  await room.getByRole('slider', { name: 'Monday 06:00' }).press('ArrowRight');
  await room.locator('.bars').evaluate((e) => e.scrollIntoView());
  assert.equal(await inSight(), true);
  await page.evaluate(() => { location.hash = ''; location.reload(); }).catch(() => {});
  while (asked.length === 0) await page.waitForTimeout(20);
  await time.fill('06:10'); // no Enter
  await page.getByRole('button', { name: 'Deutsch' }).tap();
  await shows(page.locator('#link'), 'Verbunden');
  await room.getByRole('slider', { name: 'Montag 06:10' }).waitFor();
  assert.equal(await time.inputValue(), '06:10');
  assert.deepEqual(asked, ['beforeunload']);
  await actions.locator('.main').tap();
  await room.locator('.week-answer[data-kind="done"]').waitFor();
  assert.match((await programOf(agent, 'room-2')).week, /^mon 06:10 comfort/);
  await shows(room.locator('.answer'), 'Folgt der gespeicherten Woche.');
  await page.reload();
  await shows(page.locator('#link'), 'Verbunden');
  assert.deepEqual(asked, ['beforeunload'], 'nothing is left to ask for');
  page.isClean();
});

test('a newer program of somebody else is not overwritten unasked', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const page = await open(t, agent.url), room = await opened(page);
  const mine = async () => {
    await room.getByRole('slider', { name: /^Monday / }).first().press('ArrowRight');
    await room.getByRole('button', { name: 'Save the week' }).click();
    await shows(room.locator('.conflict'), 'Somebody else has changed the program meanwhile.');
  };
  await room.getByRole('slider', { name: /^Monday / }).first().press('ArrowRight');
  await tell(agent, 'PUT', 'zones/room-1/program', { week: '07:00 eco' });
  await mine();
  assert.equal((await programOf(agent)).week, '07:00 eco');
  await room.getByRole('button', { name: 'Take the newer' }).click();
  await room.getByRole('slider', { name: 'Monday 07:00 eco 18 °C' }).waitFor();
  await room.locator('.conflict').waitFor({ state: 'hidden' });
  await room.getByRole('slider', { name: /^Monday / }).first().press('ArrowRight');
  await tell(agent, 'PUT', 'zones/room-1/program', { week: '09:00 eco' });
  await mine();
  await room.getByRole('button', { name: 'Save mine all the same' }).click();
  await shows(room.locator('.week-answer'), 'Saved.');
  assert.equal((await programOf(agent)).week, 'mon 07:10 eco; tue-sun 07:00 eco');
  await tell(agent, 'PUT', 'zones/room-1/program', { week: '10:00 eco' });
  await room.getByRole('button', { name: 'Undo' }).click();
  await shows(room.locator('.conflict'), 'Somebody else');
  assert.equal((await programOf(agent)).week, '10:00 eco', 'an undo asks, too');
  page.isClean();
});

test('a program that somebody else changes is seen where nothing is being edited', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const page = await open(t, agent.url), room = await opened(page);
  await tell(agent, 'PUT', 'zones/room-1/program', { week: '00:01 22, 23:58 17' });
  await room.getByRole('slider', { name: 'Sunday 23:58 17 °C' }).waitFor();
  await tell(agent, 'PUT', 'zones/room-1/program', { week, presets: { sleep: 15 } });
  await room.getByRole('slider', { name: 'Monday 22:30 sleep 15 °C' }).waitFor();
  await tell(agent, 'PUT', 'zones/room-1/program', { week, presets: { sleep: 14.5 } }); // what comes next is as it was
  await room.getByRole('slider', { name: 'Monday 22:30 sleep 14.5 °C' }).waitFor();
  page.isClean();
});

test('a refused week says the reason, and stays to be mended', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const page = await open(t, agent.url), room = await opened(page);
  await page.route('**/program', (route) => (route.request().method() === 'PUT' ? route.continue({ postData: JSON.stringify({ week: '06:00 90' }) }) : route.continue()));
  await room.getByRole('slider', { name: /^Monday / }).first().press('ArrowRight');
  await room.getByRole('button', { name: 'Save the week' }).click();
  await shows(room.locator('.week-answer'), /^Not changed: .*90.*5\.\.28\s°C/);
  await room.getByRole('slider', { name: 'Monday 06:05 comfort 20.5 °C' }).waitFor();
  assert.equal((await programOf(agent)).week, week);
  page.isClean('422');
});

test('a preset, a boost and the way back are one touch each, and + keeps the end of a boost', async (t) => {
  const demo = await startDemo();
  t.after(demo.stop);
  const page = await open(t, demo.url), room = zone(page, 'living-room');
  const pressed = (name) => room.getByRole('button', { name, pressed: true }).waitFor();
  await pressed('Follow the program');
  await room.getByRole('button', { name: 'Eco 18.5°' }).click();
  await pressed('Eco 18.5°');
  await shows(room.locator('.answer'), 'Set to 18.5 °C, auto.');
  await shows(room.locator('.outlook'), /^18\.5\s°C until \d\d:\d\d, then /);
  await room.getByRole('button', { name: 'Boost 60 min' }).click();
  await pressed(/^Boost until /);
  const boost = await stateOf(demo, 'living-room');
  await room.getByRole('button', { name: 'Warmer' }).click();
  await shows(room.locator('.answer'), 'Set to 22.5 °C, auto.');
  const warmer = await stateOf(demo, 'living-room');
  assert.deepEqual([warmer.hold_until, warmer.control.then], [boost.hold_until, boost.control.then]);
  await room.getByRole('button', { name: 'Follow the program' }).click();
  await pressed('Follow the program');

  const other = zone(page, 'workshop'); // it has no program
  await other.getByRole('button', { name: 'Boost 60 min' }).click();
  await shows(other.locator('.outlook'), /^22\s°C until \d\d:\d\d, then 17\s°C\.$/);
  const held = await stateOf(demo, 'workshop');
  await other.getByRole('button', { name: 'Colder' }).click();
  await shows(other.locator('.answer'), 'Set to 21.5 °C, heat.');
  const colder = await stateOf(demo, 'workshop');
  assert.deepEqual([colder.hold_until, colder.control.then], [held.hold_until, held.control.then]);
  await other.getByRole('button', { name: 'Back to normal' }).click();
  await shows(other.locator('.answer'), 'Set to 17.0 °C, heat.');
  await other.getByRole('button', { name: 'Boost 60 min' }).click();
  await other.getByRole('button', { name: /^Boost until /, pressed: true }).click(); // again: off
  await shows(other.locator('.answer'), 'Set to 17.0 °C, heat.');
  assert.equal((await stateOf(demo, 'workshop')).hold_until, null);
  page.isClean();
});

test('a boost is made longer and shorter, and stays a boost', async (t) => {
  const demo = await startDemo();
  t.after(demo.stop);
  const page = await open(t, demo.url, { viewport: sights[0].viewport });
  for (const name of ['living-room', 'workshop']) {
    const room = zone(page, name), less = room.getByRole('button', { name: 'Boost −15 min' });
    await room.getByRole('button', { name: 'Boost 60 min' }).click();
    const end = async () => new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' }).format(Date.parse((await stateOf(demo, name)).hold_until));
    await room.getByRole('button', { name: /^Boost until /, pressed: true }).waitFor();
    await shows(room.locator('.answer'), `Set to 22.0 °C until ${await end()}.`);
    await less.click();
    await less.click();
    await room.getByRole('button', { name: 'Boost +15 min' }).click();
    await page.waitForFunction(async (zone) => {
      const z = (await (await fetch('api/zones')).json()).find((z) => z.zone === zone), left = (Date.parse(z.hold_until) - Date.now()) / 60_000;
      return z.target === 'boost' && z.preset === 'boost' && z.desired === 22 && left > 43 && left <= 45;
    }, name);
    await room.getByRole('button', { name: `Boost until ${await end()}`, pressed: true }).waitFor();
    await shows(room.locator('.answer'), `until ${await end()}.`);
    const tops = await room.locator('.boost button').evaluateAll((all) => all.map((b) => b.getBoundingClientRect().top));
    assert.deepEqual(tops, Array(3).fill(tops[0]), 'on one line');
    await room.getByRole('button', { name: /^Boost until /, pressed: true }).click();
    await less.waitFor({ state: 'hidden' });
    assert.equal((await stateOf(demo, name)).hold_until, null);
  }
  page.isClean();
});

test('the wishes of a household, by somebody who has never seen the page', async (t) => {
  const agent = await startAgent({ rooms: 2, titles: ['Living room', 'Bath'], week: '00:00 17' });
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0]), room = await opened(page);
  const begun = async (day, near, time, degrees) => {
    const place = await at(room, day, near);
    await page.touchscreen.tap(place.x, place.y);
    await room.getByRole('button', { name: /^Add at / }).tap();
    await room.getByLabel('Begins at').fill(time);
    await room.getByLabel('Begins at').press('Enter');
    await room.getByLabel('Temperature, in °C').fill(degrees);
    await room.getByLabel('Temperature, in °C').press('Enter');
  };
  const first = await at(room, 'Monday', 60);
  await page.touchscreen.tap(first.x, first.y);
  await begun('Monday', 400, '06:30', '21');
  await begun('Monday', 1300, '22:00', '17');
  const start = await at(room, 'Monday', 60);
  await page.touchscreen.tap(start.x, start.y);
  await room.getByRole('button', { name: 'Remove' }).tap(); // what was at midnight
  await room.getByRole('button', { name: 'Copy to all of Mon–Fri' }).tap();
  await room.getByRole('button', { name: 'Copy to Sat' }).tap();
  for (const [near, time] of [[800, '07:30'], [1400, '23:00']]) {
    const place = await at(room, 'Saturday', near);
    await page.touchscreen.tap(place.x, place.y);
    await room.getByLabel('Begins at').fill(time);
    await room.getByLabel('Begins at').press('Enter');
  }
  await room.getByRole('button', { name: 'Copy to Sun' }).tap();
  await room.getByRole('button', { name: 'Save the week' }).tap();
  await shows(room.locator('.week-answer'), 'Saved.');
  assert.equal((await programOf(agent)).week, 'mon-fri 06:30 21, 22:00 17; sat,sun 07:30 21, 23:00 17');

  const bath = zone(page, 'room-2');
  await bath.getByRole('button', { name: 'Boost 60 min' }).tap();
  await bath.getByRole('button', { name: 'Boost −15 min' }).tap();
  await page.waitForFunction(async () => {
    const z = (await (await fetch('api/zones')).json())[1];
    return z.target === 'boost' && Math.abs(Date.parse(z.hold_until) - Date.now() - 45 * 60_000) < 60_000;
  });

  await page.getByRole('button', { name: 'Everybody goes away' }).tap();
  const sunday = dayIn(new Date().getDay() ? 7 - new Date().getDay() : 1);
  await page.getByRole('button', { name: 'Start', exact: true }).tap();
  await shows(page.locator('.house-words'), /^Away until .*18:00: 2\srooms\.$/);
  assert.equal((await stateOf(agent)).hold_until, instant(`${sunday}T18:00`));
  page.isClean();
});

test('who goes away is told which boost and which hold that ends', async (t) => {
  const agent = await programmed({ rooms: 3, titles: ['Bath', 'Hall', 'Attic'] });
  t.after(agent.stop);
  await tell(agent, 'POST', 'zones/room-1/boost', { for: '60m' });
  await tell(agent, 'PUT', 'zones/room-2/control', { desired: 21, mode: 'auto' });
  const page = await open(t, agent.url), answer = page.locator('.house-answer');
  await zone(page, 'room-1').getByRole('button', { name: /^Boost/, pressed: true }).waitFor();
  await page.getByRole('button', { name: 'Everybody goes away' }).click();
  await shows(page.locator('.away-coming'), /18:00\. Bath: the boost ends\. Hall: what was set by hand ends\.$/);
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await shows(answer, /^Bath: the boost has ended\. Hall: what was set by hand has ended\.$/);
  await zone(page, 'room-1').getByRole('button', { name: 'Away 12°', pressed: true }).waitFor();
  await tell(agent, 'POST', 'zones/room-1/boost', { for: '60m' });
  await shows(answer, /^Hall: what was set by hand has ended\.$/); // of the bath it is not true any more
  const bath = zone(page, 'room-1');
  await bath.getByRole('textbox', { name: /^Set Bath to/ }).fill('90');
  await bath.getByRole('textbox', { name: /^Set Bath to/ }).press('Enter');
  await bath.locator('.answer[data-kind="refused"]').waitFor();
  await tell(agent, 'PUT', 'zones/room-1/control', { desired: 17, mode: 'heat' });
  await bath.locator('.answer[data-kind="source"]').waitFor();
  await page.getByRole('button', { name: 'We are back' }).click();
  await page.getByRole('button', { name: 'Everybody goes away' }).waitFor();
  assert.equal(await answer.textContent(), '');
  page.isClean('422');
});

test('an end that is not complete is refused', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0]), until = page.getByLabel('until', { exact: true });
  await page.getByRole('button', { name: 'Everybody goes away' }).tap();
  assert.match(await until.inputValue(), /T18:00$/);
  for (const whole of [false, true]) {
    await until.focus();
    await page.keyboard.press('Delete'); // the day
    if (whole) await until.fill('');
    await page.getByRole('button', { name: 'Start', exact: true }).tap();
    await shows(page.locator('.house-answer'), 'The end is not complete: choose a day and a time.');
    assert.equal((await stateOf(agent)).target, 'program');
  }
  await until.fill('2001-01-01T18:00');
  await page.getByRole('button', { name: 'Start', exact: true }).tap();
  await shows(page.locator('.house-answer'), 'Not changed: ');
  page.isClean('422');
});

test('who goes away reads what will be, and an end far ahead is asked for twice', async (t) => {
  const agent = await programmed({ rooms: 3 });
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0]), until = page.getByLabel('until', { exact: true }), coming = page.locator('.away-coming');
  const start = page.getByRole('button', { name: 'Start', exact: true });
  const said = (day) => new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' }).format(Date.parse(`${day}T12:00`));
  await page.getByRole('button', { name: 'Everybody goes away' }).tap();
  await until.fill(`${dayIn(20)}T18:00`);
  await shows(coming, `All 3 rooms to 12 °C, until ${said(dayIn(20))}, 18:00.`);
  await tell(agent, 'PUT', 'zones/room-1/control', { mode: 'off' });
  await tell(agent, 'PUT', 'zones/room-2/program', { week, presets: { away: 10.5 } });
  await shows(coming, '2 of 3 rooms to 10.5–12 °C');
  for (const days of [90, 100]) { // another end is asked for anew
    await until.fill(`${dayIn(days)}T18:00`);
    await start.tap();
    await shows(page.locator('.house-answer'), /^The end is \d+\sdays ahead\. Press once more/);
    assert.equal((await stateOf(agent, 'room-3')).target, 'program');
  }
  assert.deepEqual(await axeFinds(page), []);
  await start.tap();
  await shows(page.locator('.house-words'), `Away until ${new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' }).format(Date.parse(`${dayIn(100)}T12:00`))} 18:00: 2 rooms.`);
  page.isClean();
});

test('a program that waits is followed with one touch', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  await tell(agent, 'PUT', 'zones/room-1/control', { desired: 21, mode: 'heat' });
  await tell(agent, 'PUT', 'zones/room-1/program', { week: '00:00 eco' });
  const page = await open(t, agent.url), room = zone(page, 'room-1');
  await shows(room.locator('.answer'), 'Program waits: set by hand to 21.0 °C.');
  await shows(room.locator('.outlook'), 'By the program it would be 18 °C (eco) now.');
  await room.getByRole('button', { name: 'Follow the program' }).click();
  await shows(room.locator('.outlook'), /^18\s°C until \w+ 00:00, then 18\s°C \(eco\)\.$/);
  assert.equal((await stateOf(agent)).target, 'program');
  page.isClean();
});

test('Auto is there where a room has a program, and lit while that chooses', async (t) => {
  const agent = await programmed();
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0]), modes = zone(page, 'room-1').locator('.modes'), lit = (name) => modes.getByRole('button', { name, exact: true, pressed: true }).waitFor();
  await lit('Auto');
  await modes.getByRole('button', { name: 'Heat', exact: true }).tap();
  await lit('Heat');
  assert.equal(await modes.locator('[aria-pressed="true"]').count(), 1);
  await modes.getByRole('button', { name: 'Auto' }).tap();
  await lit('Auto');
  assert.equal((await stateOf(agent)).target, 'program');
  await tell(agent, 'PUT', 'zones/room-1/program', { week: '' });
  await tell(agent, 'PUT', 'zones/room-1/control', { desired: 20, mode: 'heat' });
  await modes.getByRole('button', { name: 'Auto' }).waitFor({ state: 'hidden' });
  page.isClean();
});

test('everybody goes away after one more touch, and is back with one', async (t) => {
  const agent = await programmed({ rooms: 2 });
  t.after(agent.stop);
  const page = await open(t, agent.url, sights[0]);
  await page.getByRole('button', { name: 'Everybody goes away' }).tap();
  assert.equal((await stateOf(agent)).target, 'program', 'nothing is said before it starts');
  await page.getByRole('button', { name: 'Start without an end' }).tap();
  await shows(page.locator('.house-words'), 'Away: 2 rooms.');
  assert.equal((await stateOf(agent)).target, 'away');
  await page.getByRole('button', { name: 'Change the end' }).tap();
  const then = dayIn(30);
  await page.getByLabel('until', { exact: true }).fill(`${then}T12:00`);
  await page.getByRole('button', { name: 'Change', exact: true }).tap();
  await shows(page.locator('.house-words'), `Away until ${new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' }).format(Date.parse(`${then}T12:00`))} 12:00: 2 rooms.`);
  assert.equal((await stateOf(agent, 'room-2')).hold_until, instant(`${then}T12:00`));
  assert.deepEqual(await axeFinds(page), []);
  await page.getByRole('button', { name: 'Change the end' }).tap();
  assert.equal(await page.getByLabel('until', { exact: true }).inputValue(), `${then}T12:00`, 'it begins with the end there is');
  await page.getByRole('button', { name: 'Without an end' }).tap();
  await shows(page.locator('.house-words'), 'Away: 2 rooms.');
  await page.getByRole('button', { name: 'We are back' }).tap();
  await page.getByRole('button', { name: 'Everybody goes away' }).waitFor();
  assert.equal((await stateOf(agent)).target, 'program');
  page.isClean();
});

for (const { name, ...sight } of [sights[0], sights[3]].flatMap((s) => ['en-GB', 'de-DE'].map((locale) => ({ ...s, locale, name: `${s.name} ${locale}` })))) { // each width and each theme
  test(`an open week is accessible and in one piece: ${name}`, async (t) => {
    const agent = await programmed({ titles: ['Kinderzimmer im Dachgeschoss'] });
    t.after(agent.stop);
    const page = await open(t, agent.url, sight), room = zone(page, 'room-1');
    await room.locator('.week-toggle').click();
    assert.equal(await room.locator('.day').count(), 7);
    await room.locator('.week-now').waitFor();
    await room.locator('[role="slider"][aria-valuenow="360"]').first().press('ArrowRight');
    assert.deepEqual(await axeFinds(page), []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'scrolls sideways');
    const cut = await page.evaluate(() => [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility() && e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1)
      .filter((e) => !e.matches('.hours, :has(.hours), .bar, .day, .block, :has(.bar)')).map((e) => `${e.className} ${e.textContent}`));
    assert.deepEqual(cut, [], 'over its edge');
    const high = await page.evaluate(() => [...document.querySelectorAll('button')].filter((e) => e.checkVisibility() && e.textContent && e.clientHeight > 60).map((e) => e.textContent));
    assert.deepEqual(high, [], 'a button in two lines');
    page.isClean();
  });
}

test('where °F is shown a week is told and changed in °F and said in °C', async (t) => {
  const agent = await programmed({ units: 'F' });
  t.after(agent.stop);
  const page = await open(t, agent.url), room = await opened(page);
  await room.getByRole('slider', { name: 'Monday 06:00 comfort 68.9 °F' }).press('Home');
  await page.keyboard.press('ArrowDown');
  await room.getByRole('button', { name: 'Warmer in the program' }).click();
  await room.getByRole('button', { name: 'Warmer in the program' }).click();
  await room.getByRole('slider', { name: 'Monday 06:00 70 °F' }).waitFor();
  await saved(room);
  assert.match((await programOf(agent)).week, /^mon 06:00 21\.11,/);
  page.isClean();
});

test('where nothing can be changed a week is only shown', async (t) => {
  const agent = await programmed({ listen: '0.0.0.0:0' });
  t.after(agent.stop);
  const page = await open(t, agent.url), room = await opened(page);
  const block = room.getByRole('slider', { name: 'Monday 06:00 comfort 20.5 °C' });
  assert.equal(await block.getAttribute('aria-readonly'), 'true');
  await block.press('ArrowRight');
  await room.getByRole('slider', { name: 'Monday 06:00 comfort 20.5 °C' }).waitFor();
  assert.equal(await room.locator('.week :is(button, input):visible').count(), 0);
  assert.equal(await page.locator('#house').isVisible(), false);
  page.isClean();
});
