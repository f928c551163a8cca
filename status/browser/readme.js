// Makes README's pictures anew, docs/page.png and docs/watch.png, from a demo
// that has run for a while; needs util-linux's script, which is a terminal for `watch`:
//   THERMOSTAT=dist/thermostat node status/browser/readme.js [SECONDS]

import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChromium, startDemo } from './demo.js';

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
const seconds = Number(process.argv[2] ?? 240);

const demo = await startDemo('--http', '127.0.0.1:0');
await new Promise((done) => setTimeout(done, seconds * 1000));
const browser = await startChromium();
const page = await (await browser.newContext({ viewport: { width: 1180, height: 720 }, colorScheme: 'light', locale: 'en-GB' })).newPage();
await page.goto(demo.url);
await page.locator('#link[data-link="live"]').waitFor();
for (const chart of await page.locator('.plot').all()) { // a chart is drawn once it is seen
  await chart.scrollIntoViewIfNeeded();
  await page.waitForTimeout(300);
}
await page.screenshot({ path: `${docs}page.png`, fullPage: true });

const blank = await browser.newPage(); // the page's own rules allow no text of ours
await blank.setContent(terminal(screenOfWatch(demo.broker)));
await blank.locator('pre').screenshot({ path: `${docs}watch.png` });
await browser.close();
await demo.stop();

// screenOfWatch gives what `watch` has drawn after three seconds, escape sequences included.
function screenOfWatch(broker) {
  const command = `stty cols 88 rows 8; timeout --signal=INT 3 ${resolve(process.env.THERMOSTAT)} watch --broker mqtt://${broker}`;
  const text = execFileSync('script', ['--quiet', '--command', command, '/dev/null'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return text.slice(text.lastIndexOf('\x1b[H') + 3).replace(/\x1b\[J[^]*$/, '');
}

// terminal makes a page of a screen: bold and colours are kept, other sequences dropped.
function terminal(screen) {
  const classes = { 0: '', 1: 'bold', 31: 'red', 32: 'green', 33: 'yellow', 34: 'blue', 36: 'cyan' };
  const body = screen
    .replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c])
    .replace(/\x1b\[(\d+)m/g, (_, code) => `</span><span class="${classes[code] ?? ''}">`)
    .replace(/\x1b\[[?\d;]*[a-zA-Z]/g, '')
    .replaceAll('\r', '');
  return `<style>
    pre { display: inline-block; margin: 0; padding: 16px 20px; background: #16181d; color: #d7dae0; font: 15px/1.45 'DejaVu Sans Mono', monospace; }
    .bold { font-weight: bold } .red { color: #ff7b72 } .green { color: #7ee787 } .yellow { color: #f2b45c } .blue { color: #79c0ff } .cyan { color: #76e3ea }
  </style><pre><b class="bold">$ thermostat watch</b>\n<span>${body.trimEnd()}</span></pre>`;
}
