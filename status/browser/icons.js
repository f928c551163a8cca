// Makes the page's icons of icon.svg anew, after a change of it:
//   node status/browser/icons.js

import { readFile, writeFile } from 'node:fs/promises';
import zlib from 'node:zlib';
import { startChromium } from './demo.js';

const folder = new URL('../page/', import.meta.url);
const drawing = await readFile(new URL('icon.svg', folder), 'utf8');
const square = drawing.replace('rx="8"', 'rx="0"'); // a phone cuts it as it likes; the figure is in the middle four fifths
if (square === drawing) throw new Error('icon.svg has no rx="8" any more');

const browser = await startChromium();
for (const { name, size, svg } of [
  { name: 'icon-192.png', size: 192, svg: drawing }, { name: 'icon-512.png', size: 512, svg: drawing }, { name: 'icon-maskable.png', size: 512, svg: square },
]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>body { margin: 0 } svg { display: block; width: ${size}px; height: ${size}px }</style>${svg}`);
  const picture = small(await page.screenshot({ omitBackground: true }));
  await writeFile(new URL(name, folder), picture);
  console.log(name, picture.length, 'bytes');
  await page.close();
}
await browser.close();

// small packs a PNG's pixels as well as zlib can, and leaves out what is no picture.
function small(png) {
  const kept = [], pixels = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at), kind = png.toString('latin1', at + 4, at + 8), end = at + length + 12;
    if (kind === 'IHDR' || kind === 'IEND') kept.push(png.subarray(at, end));
    if (kind === 'IDAT') pixels.push(png.subarray(at + 8, end - 4));
    at = end;
  }
  const data = zlib.deflateSync(zlib.inflateSync(Buffer.concat(pixels)), { level: 9, memLevel: 9 });
  const body = Buffer.concat([Buffer.from('IDAT'), data]), length = Buffer.alloc(4), sum = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(zlib.crc32(body));
  return Buffer.concat([png.subarray(0, 8), kept[0], length, body, sum, kept[1]]);
}
