// An open page, and what tests look for in it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';
import { startChromium } from './demo.js';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser;

// useChromium has a browser for all tests of a file.
export function useChromium() {
  before(async () => { browser = await startChromium(); });
  after(() => browser.close());
}

// open shows the page, in Britain unless options say otherwise, and keeps what should not be there:
// errors, and requests to other hosts. prepare does something to it before.
export async function open(t, url, options = {}, prepare = async () => {}) {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  page.errors = [];
  page.strangers = [];
  page.received = new Map(); // bytes, by request; of what is told as it happens only what makes the page live
  const streams = new Set();
  let live = false;
  page.bytes = () => [...page.received.values()].reduce((a, b) => a + b, 0);
  page.on('console', (m) => { if (m.type() !== 'log') page.errors.push(m.text()); });
  page.on('pageerror', (e) => page.errors.push(String(e)));
  page.on('request', (r) => { if (new URL(r.url()).host !== new URL(url).host) page.strangers.push(r.url()); });
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  cdp.on('Network.responseReceived', (e) => { if (e.type === 'EventSource') streams.add(e.requestId); });
  cdp.on('Network.dataReceived', (e) => (live && streams.has(e.requestId)) || page.received.set(e.requestId, (page.received.get(e.requestId) ?? 0) + e.encodedDataLength));
  cdp.on('Network.loadingFinished', (e) => page.received.set(e.requestId, e.encodedDataLength)); // with the headers
  await prepare(page);
  await page.goto(url);
  await page.locator('#link[data-link="live"]').waitFor();
  live = true;
  page.isClean = (...allowed) => {
    assert.deepEqual(page.errors.filter((e) => !allowed.some((a) => e.includes(a))), []);
    assert.deepEqual(page.strangers, []);
  };
  return page;
}

export const zone = (page, name) => page.locator(`#zone-${name}`);

// shows waits until an element's text is what it should be.
export async function shows(locator, form) {
  await locator.filter({ hasText: form }).waitFor();
}

// axeFinds gives what breaks the rules of accessibility, contrast among them.
export async function axeFinds(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 120)} ${n.failureSummary}`));
}
