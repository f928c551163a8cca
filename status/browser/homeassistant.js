// Looks at a Home Assistant as a person does, and makes two pictures: home-assistant-card.png of the first thermostat
// on a dashboard, and home-assistant-device.png of a device's page. It prints the words on both. agent/blackbox sets
// that Home Assistant up and runs this:
//   node status/browser/homeassistant.js URL TOKEN DEVICE FOLDER

import { startChromium } from './demo.js';

const [url, token, id, folder] = process.argv.slice(2);
const browser = await startChromium();
const context = await browser.newContext({ viewport: { width: 900, height: 1480 }, colorScheme: 'light', reducedMotion: 'reduce' });
await context.addInitScript(([hassUrl, accessToken]) => {
  localStorage.hassTokens = JSON.stringify({
    hassUrl, access_token: accessToken, refresh_token: '', token_type: 'Bearer', clientId: `${hassUrl}/`, expires_in: 1e9, expires: Date.now() + 1e12,
  });
}, [url, token]);
const page = await context.newPage();
page.setDefaultTimeout(20_000);
process.on('uncaughtException', async (e) => {
  console.error(e, await wordsOf(page.locator('body')));
  await page.screenshot({ path: `${folder}/home-assistant-failed.png` });
  process.exit(1);
});

const words = {};
await page.goto(`${url}/zones-here/0`);
const cards = page.locator('hui-thermostat-card');
await cards.last().getByText('°C').first().waitFor();
await page.waitForTimeout(2000); // the dial moves to its place
words.card = await wordsOf(cards);
await cards.first().screenshot({ path: `${folder}/home-assistant-card.png` });

await page.goto(`${url}/config/devices/device/${id}`);
const device = page.locator('ha-config-device-page');
await page.locator('ha-device-entities-card').first().waitFor();
await page.waitForTimeout(2000);
words.device = await wordsOf(device);
await device.screenshot({ path: `${folder}/home-assistant-device.png` });
await browser.close();
console.log(JSON.stringify(words));

// wordsOf gives what elements say, shadow roots included.
async function wordsOf(elements) {
  const all = await elements.evaluateAll((roots) => {
    const texts = [];
    const walk = (node) => {
      if (node.nodeType === Node.TEXT_NODE && node.textContent.trim()) texts.push(node.textContent.trim());
      if (['STYLE', 'SCRIPT', 'TEMPLATE'].includes(node.nodeName)) return;
      for (const child of node.shadowRoot?.childNodes ?? []) walk(child);
      for (const child of node.childNodes) walk(child);
    };
    roots.forEach(walk);
    return texts;
  });
  return all.join(' ').replace(/\s+/g, ' ');
}
