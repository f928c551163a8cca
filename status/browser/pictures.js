// Pictures of the page, for people to look at:
//   THERMOSTAT=dist/thermostat node status/browser/pictures.js FOLDER [SECONDS] [demo flags]

import { sights, startChromium, startDemo } from './demo.js';

const [folder = '.', seconds = '60', ...flags] = process.argv.slice(2);
const demo = await startDemo('--http', '127.0.0.1:0', ...flags);
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
const browser = await startChromium();
const looks = sights.flatMap(({ name, ...sight }) => ['en-GB', 'de-DE'].map((locale) => ({ name: `${name}-${locale.slice(0, 2)}`, ...sight, locale })));
for (const { name, ...look } of looks) {
  const page = await (await browser.newContext(look)).newPage();
  page.on('console', (m) => console.log(name, m.type(), m.text()));
  page.on('pageerror', (e) => console.log(name, e));
  await page.goto(demo.url);
  await page.locator('#link[data-link="live"]').waitFor();
  for (const chart of await page.locator('.plot').all()) { // a chart is drawn once it is seen
    await chart.scrollIntoViewIfNeeded();
    await page.waitForTimeout(300);
  }
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}
await browser.close();
await demo.stop();
