// The page's own files, with an agent that a test plays: what no real one does at once.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';

const kinds = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png', '.webmanifest': 'application/manifest+json' };
const program = { week: '', presets: {}, away: [], mode: 'heat', configured: '', configured_presets: {} };

// startStage serves a page of one room, hall. say tells it an event, by the agent's clock: ahead is in ms how far
// that is ahead of ours. answers are what changes are answered with, streams those that are open, programs how many
// weeks have been in force; fails: the week cannot be had.
export async function startStage(t, ahead = 0) {
  const streams = new Set(), stage = { ahead, answers: {}, streams, programs: 1, fails: false };
  const now = () => new Date(Date.now() + stage.ahead).toISOString();
  stage.say = (event, data) => { for (const r of streams) r.write(`event: ${event}\ndata: ${JSON.stringify({ time: now(), ...data })}\n\n`); };
  stage.beat = () => stage.say('beat', { broker: null, programs: stage.programs });
  stage.zone = (more) => stage.say('zone', {
    zone: 'hall', mode: 'heat', desired: 20, up_delta: 0.5, down_delta: 0.5, temperature: 20, humidity: null, action: 'idle', reason: 'in_band', heater: 'off', cooler: null,
    wait_s: null, faults: [], source: 'config', target: 'manual', preset: null, hold_until: null, next: null, control: null, foresight: null, ...more,
  });
  const server = createServer(async ({ url, method }, r) => {
    const send = (code, kind, body) => r.writeHead(code, { 'Content-Type': kind }).end(body);
    if (method !== 'GET') return send(200, 'application/json', JSON.stringify({ applied: true, reason: '', time: now(), ...stage.answers }));
    if (url === '/api/events') {
      r.writeHead(200, { 'Content-Type': 'text/event-stream' });
      streams.add(r);
      r.on('close', () => streams.delete(r));
      const info = { name: 'hall', title: '', modes: ['off', 'heat'], desired_min: 5, desired_max: 28, sample_s: 1, program };
      stage.say('hello', { programs: stage.programs, page: 'x', device: 'stage', version: '0', units: 'C', timezone: '', changes: 'open', zones: [info], sources: [] });
      stage.beat();
      stage.zone();
      return undefined;
    }
    if (url.startsWith('/api/')) return url.endsWith('/program') ? send(stage.fails ? 503 : 200, 'application/json', JSON.stringify(program)) : send(404, 'application/json', '{}');
    const file = url === '/' ? '/index.html' : url;
    return send(200, kinds[extname(file)], await readFile(new URL(`../page${file}`, import.meta.url)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const beats = setInterval(stage.beat, 2000);
  t.after(() => {
    clearInterval(beats);
    server.closeAllConnections();
    server.close();
  });
  stage.url = `http://127.0.0.1:${server.address().port}`;
  return stage;
}
