// A phone at the page of an agent elsewhere: node phone.js URL PASSWORD ZONE sets 21 °C and tells what the page says.

import { sights, startChromium } from './demo.js';

const [url, password, zone] = process.argv.slice(2);
const browser = await startChromium();
const context = await browser.newContext({ ...sights[0], httpCredentials: { username: 'any', password } });
const page = await context.newPage();
await page.goto(url);
await page.locator('#link[data-link="live"]').waitFor();
const room = page.locator(`#zone-${zone}`);
await room.getByRole('textbox').fill('21');
await room.getByRole('textbox').press('Enter');
await room.locator('.answer').filter({ hasText: 'Set to 21.0 °C' }).waitFor();
console.log(await room.locator('.answer').textContent());
if (process.env.PICTURE) await page.screenshot({ path: process.env.PICTURE });
await browser.close();
