// The page as an app on a phone: its manifest and icons, as Chromium reads them.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startAgent, startChromium } from './demo.js';
import { startProxy } from './proxy.js';

// visit opens the page as a person's own browser does: an app cannot be installed from a private window.
async function visit(t, url) {
  const profile = await mkdtemp(join(tmpdir(), 'thermostat-profile-')), context = await startChromium(profile, { ignoreHTTPSErrors: true });
  t.after(async () => {
    await context.close();
    await rm(profile, { recursive: true });
  });
  const page = context.pages()[0] ?? await context.newPage(), errors = [];
  page.on('console', (m) => { if (m.type() !== 'log') errors.push(m.text()); });
  await page.goto(url);
  await page.locator('#link[data-link="live"]').waitFor();
  const cdp = await context.newCDPSession(page);
  return { page, errors, told: await cdp.send('Page.getAppManifest'), missing: (await cdp.send('Page.getInstallabilityErrors')).installabilityErrors };
}

// isApp holds what Chromium found at an address against what there is to be found.
async function isApp({ page, errors, told, missing }, url) {
  assert.deepEqual(missing, []);
  assert.deepEqual(told.errors, []);
  assert.equal(told.url, `${url}manifest.webmanifest`);
  const manifest = JSON.parse(told.data);
  assert.deepEqual([told.manifest.startUrl, told.manifest.scope], [url, url]);
  assert.match(told.manifest.display, /standalone/i);
  assert.equal(told.manifest.icons.length, manifest.icons.length);
  for (const [i, { src, sizes, type }] of manifest.icons.entries()) {
    assert.equal(told.manifest.icons[i].url, url + src);
    const { kind, cache, width } = await page.evaluate(async (at) => {
      const r = await fetch(at), picture = new Image();
      picture.src = at;
      await picture.decode();
      return { kind: r.headers.get('Content-Type'), cache: r.headers.get('Cache-Control'), width: picture.naturalWidth };
    }, url + src);
    assert.deepEqual([kind, cache], [type, 'no-cache'], src);
    if (sizes !== 'any') assert.equal(`${width}x${width}`, sizes, src);
  }
  const colours = await page.locator('meta[name="theme-color"]').evaluateAll((all) => all.map((e) => e.content));
  assert.equal(colours.length, 2, 'one for each theme');
  assert.equal(manifest.theme_color, colours[0]);
  const style = await readFile(new URL('../page/page.css', import.meta.url), 'utf8');
  assert.deepEqual(colours, [...style.matchAll(/--ground: (#\w+)/g)].map((m) => m[1]));
  assert.deepEqual(errors, []);
}

test('the page can be installed as an app', async (t) => {
  const agent = await startAgent({});
  t.after(agent.stop);
  await isApp(await visit(t, agent.url), `${agent.url}/`);
});

for (const name of ['nginx', 'haproxy']) {
  test(`it can be installed behind ${name}, below a path`, async (t) => {
    const agent = await startAgent({ password: 'sesame', http: 'proxies: [127.0.0.1]' });
    t.after(agent.stop);
    const proxy = await startProxy(name, agent);
    t.after(proxy.stop);
    await isApp(await visit(t, proxy.url), proxy.url);
  });
}
