// The chart of a zone's last 24 hours: an SVG drawn anew when something changed.

import { phrases } from './lang.js';
import { clock, degrees, exact, houseOffset, number, toShown, unit, withUnit } from './words.js';

const svgNS = 'http://www.w3.org/2000/svg';
const height = 198;
const plot = { top: 22, left: 38, right: 8, bottom: 46 }; // margins; the unit stands above the highest label
const bars = { top: 160, height: 14 }; // under the temperatures
const day = 24 * 3600 * 1000;
const leastWindow = 60 * 1000;

// Distances between the lines of an axis: seconds, and degrees.
const timeSteps = [10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600].map((s) => s * 1000);
const degreeSteps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50];

function svg(name, attributes = {}, ...children) {
  const e = document.createElementNS(svgNS, name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...children);
  return e;
}

const known = (x) => x !== null && x !== undefined;
const round = (x) => Math.round(x * 10) / 10;

export class Chart {
  constructor(figure, name) {
    this.figure = figure;
    this.past = []; // of the history: whole steps
    this.live = []; // since then, from the events
    this.at = null; // the moment under the crosshair
    this.visible = false;
    this.width = 0; // px, as the browser tells it: to ask would lay out the whole page
    this.dueAt = 0; // when the next pixel of time has passed
    this.figure.append(this.makeFrame(name), this.makeReadout());
    new ResizeObserver(([e]) => {
      this.width = Math.round(e.contentRect.width);
      this.draw();
    }).observe(this.frame);
    new IntersectionObserver(([e]) => {
      this.visible = e.isIntersecting;
      if (this.visible) {
        this.onvisible?.();
        this.draw();
      }
    }, { rootMargin: '80px' }).observe(this.frame);
  }

  makeFrame(name) {
    this.svg = svg('svg', { 'aria-hidden': 'true', height });
    this.frame = document.createElement('div');
    this.frame.className = 'plot';
    Object.assign(this.frame, { tabIndex: 0, role: 'slider', ariaLabel: phrases.chartOf(name) });
    Object.assign(this.frame, { ariaValueMin: '0', ariaValueMax: '0', ariaValueNow: '0', ariaValueText: phrases.noPoints });
    this.frame.append(this.svg);
    this.frame.addEventListener('pointermove', (e) => this.point(e));
    this.frame.addEventListener('pointerdown', (e) => this.point(e));
    this.frame.addEventListener('pointerleave', (e) => { if (e.pointerType === 'mouse') this.leave(); });
    this.frame.addEventListener('blur', () => this.leave());
    this.frame.addEventListener('keydown', (e) => this.key(e));
    return this.frame;
  }

  makeReadout() {
    this.readout = document.createElement('figcaption');
    return this.readout;
  }

  // setHistory takes the answer of the agent; skew is what our clock is ahead of its.
  setHistory(h, skew) {
    const step = h.step_s * 1000, n = h.temperature?.length ?? h.heater_percent?.length ?? h.cooler_percent?.length ?? 0;
    const begin = Date.parse(h.end) + skew - n * step;
    let band = -1;
    this.past = [];
    this.coarse = h.step_s >= 8; // else a step is hardly longer than a reading, and hides nothing
    for (let i = 0; i < n; i++) {
      if (h.bands[band + 1]?.at === i) band++;
      const { desired, from, to } = h.bands[band] ?? {};
      this.past.push({
        t: begin + i * step, end: begin + (i + 1) * step, desired, from, to,
        mean: h.temperature?.[i], low: h.low?.[i], high: h.high?.[i], heat: h.heater_percent?.[i], cool: h.cooler_percent?.[i],
      });
    }
    this.live = this.live.filter((p) => p.end > begin + n * step);
    this.draw();
  }

  // push takes a state as it comes; it holds until the next one.
  push(z, now) {
    const last = this.live.at(-1);
    if (last) last.end = now;
    const active = known(z.desired) && z.mode !== 'off';
    const share = (relay) => (relay === 'on' ? 100 : relay === 'off' ? 0 : null);
    this.live.push({
      t: now, end: now, mean: z.temperature, low: z.temperature, high: z.temperature,
      desired: active ? z.desired : null, from: active ? z.desired - z.down_delta : null, to: active ? z.desired + z.up_delta : null,
      heat: share(z.heater), cool: share(z.cooler),
    });
    if (this.live.length > 2000) this.live.splice(0, 1000);
  }

  // hold lets the last state last until now; break lets it end when the connection did.
  hold(now) {
    const last = this.live.at(-1);
    if (last && !last.ended) last.end = now;
  }

  // drawIfDue draws once the picture would be another.
  drawIfDue(now) {
    if (now >= this.dueAt) this.draw();
  }

  break() {
    const last = this.live.at(-1);
    if (last) last.ended = true;
  }

  // points are the history, and the events where that does not reach yet.
  points(now) {
    const begin = now - day, reach = this.past.at(-1)?.end ?? 0;
    const past = this.past.filter((p) => p.end > begin).map((p) => (p.end > now ? { ...p, end: now } : p));
    return [...past, ...this.live.filter((p) => p.end >= reach).map((p) => (p.t < reach ? { ...p, t: reach } : p))];
  }

  draw() {
    const { width } = this;
    if (!this.visible || document.hidden || width === 0) return;
    const now = Date.now(), all = this.points(now);
    if (all.length === 0) return;
    this.shown = all;
    const begin = Math.min(Math.max(all[0].t, now - day), now - leastWindow);
    const x = (t) => plot.left + ((t - begin) / (now - begin)) * (width - plot.left - plot.right);
    const [low, high] = rangeOf(all);
    const y = (c) => plot.top + ((high - c) / (high - low)) * (height - plot.top - plot.bottom);
    this.scale = { x, y, begin, now, width };
    this.dueAt = now + Math.min(Math.max((now - begin) / width, 900), 60_000);
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.svg.replaceChildren(
      ...gaps(all, x), ...degreeAxis(low, high, y, width), ...timeAxis(begin, now, x, width),
      ...bands(all, x, y), ...(this.coarse ? envelope(all, x, y) : []), line(all, x, y), ...heatBars(all, x, width),
      (this.cross = svg('g', { class: 'cross' })),
    );
    this.drawCross();
  }

  nearest(t) {
    let best = 0;
    this.shown.forEach((p, i) => { if (p.t <= t) best = i; });
    return best;
  }

  // drawCross shows the place of the crosshair, and tells a screen reader of it.
  drawCross() {
    if (!this.scale) return;
    this.cross.replaceChildren();
    const last = this.shown.length - 1, i = this.at === null ? last : this.nearest(this.at), p = this.shown[i];
    const text = this.at === null ? this.summary() : this.words(p);
    this.readout.textContent = text;
    Object.assign(this.frame, { ariaValueMin: '0', ariaValueMax: String(last), ariaValueNow: String(i), ariaValueText: text });
    if (this.at === null) return;
    const px = round(Math.min(Math.max(this.scale.x((p.t + p.end) / 2), plot.left), this.scale.width - plot.right));
    this.cross.append(svg('line', { x1: px, x2: px, y1: plot.top, y2: bars.top + bars.height }));
    if (known(p.mean)) this.cross.append(svg('circle', { cx: px, cy: round(this.scale.y(p.mean)), r: 4.5 }));
  }

  words(p) {
    const short = this.scale.now - this.scale.begin < 20 * 60 * 1000;
    const parts = [clock(p.t, short), known(p.mean) ? withUnit(p.mean, 2) : phrases.noReading];
    if (known(p.desired)) parts.push(phrases.isSetTo(exact(p.desired)));
    if (known(p.heat)) parts.push(phrases.heat(shareWord(p.heat)));
    if (known(p.cool)) parts.push(phrases.cooling(shareWord(p.cool)));
    return parts.join(' · ');
  }

  // summary is the whole chart in a line.
  summary() {
    const { begin, now } = this.scale;
    const seconds = Math.round((now - begin) / 1000);
    const span = phrases.last(seconds < 120 ? `${seconds}\u00a0s` : seconds < 7200 ? `${Math.round(seconds / 60)}\u00a0min` : `${Math.round(seconds / 3600)}\u00a0h`);
    const measured = this.shown.filter((p) => known(p.mean));
    if (measured.length === 0) return `${span}: ${phrases.noReading}`;
    const low = Math.min(...measured.map((p) => p.low)), high = Math.max(...measured.map((p) => p.high));
    const parts = [`${span}: ${phrases.limits(degrees(low), withUnit(high))}`];
    const heat = average(this.shown, 'heat'), cool = average(this.shown, 'cool');
    if (known(heat)) parts.push(phrases.heatOn(Math.round(heat)));
    if (known(cool)) parts.push(phrases.coolingOn(Math.round(cool)));
    return parts.join(' · ');
  }

  point(e) {
    if (!this.scale) return;
    const share = (e.clientX - this.frame.getBoundingClientRect().left - plot.left) / (this.scale.width - plot.left - plot.right);
    this.at = this.scale.begin + Math.min(Math.max(share, 0), 1) * (this.scale.now - this.scale.begin);
    this.drawCross();
  }

  leave() {
    this.at = null;
    if (this.scale) this.drawCross();
  }

  key(e) {
    if (!this.scale) return;
    const last = this.shown.length - 1, here = this.at === null ? last : this.nearest(this.at), far = Math.ceil(last / 20);
    const to = {
      ArrowLeft: here - 1, ArrowDown: here - 1, ArrowRight: here + 1, ArrowUp: here + 1,
      PageDown: here - far, PageUp: here + far, Home: 0, End: last,
    }[e.key];
    if (e.key === 'Escape') this.leave();
    if (to === undefined) return;
    e.preventDefault();
    const p = this.shown[Math.min(Math.max(to, 0), last)];
    this.at = (p.t + p.end) / 2;
    this.drawCross();
  }
}

const shareWord = (percent) => (percent === 0 ? phrases.off : percent === 100 ? phrases.on : `${percent}\u00a0%`);

function average(points, key) {
  let sum = 0, time = 0;
  for (const p of points) {
    if (!known(p[key])) continue;
    sum += p[key] * (p.end - p.t);
    time += p.end - p.t;
  }
  return time > 0 ? sum / time : null;
}

// rangeOf gives the temperatures that the chart spans, at least 2 K.
function rangeOf(points) {
  const values = points.flatMap((p) => [p.low, p.high, p.from, p.to, p.desired].filter(known));
  if (values.length === 0) return [15, 25];
  const low = Math.min(...values), high = Math.max(...values), more = Math.max((high - low) * 0.08, (2 - (high - low)) / 2, 0.1);
  return [low - more, high + more];
}

// runs gives the stretches of neighbours that are alike.
function runs(points, alike) {
  const all = [];
  for (const p of points) {
    const run = all.at(-1);
    if (run && alike(run.at(-1), p)) run.push(p);
    else all.push([p]);
  }
  return all;
}

const measuredRuns = (points) => runs(points, (a, b) => known(a.mean) === known(b.mean) && b.t - a.end < 5000);

// gaps shade the time in which there was no reading.
function gaps(points, x) {
  const rect = (from, to) => svg('rect', { class: 'gap', x: round(x(from)), width: Math.max(round(x(to) - x(from)), 1), y: plot.top, height: height - plot.top - plot.bottom });
  const all = runs(points, (a, b) => known(a.mean) === known(b.mean));
  return all.filter((r) => !known(r[0].mean)).map((r) => rect(r[0].t, r.at(-1).end));
}

function degreeAxis(low, high, y, width) {
  const parts = [], shown = toShown;
  const size = degreeSteps.find((s) => (shown(high) - shown(low)) / s <= 5) ?? 100;
  const perDegree = (y(low) - y(high)) / (shown(high) - shown(low));
  for (let v = Math.ceil(shown(low) / size) * size; v <= shown(high); v += size) {
    const at = round(y(high) + (shown(high) - v) * perDegree);
    parts.push(svg('line', { class: 'grid', x1: plot.left, x2: width - plot.right, y1: at, y2: at }));
    parts.push(svg('text', { class: 'label', x: plot.left - 6, y: at + 4, 'text-anchor': 'end' }, number(v, size < 1 ? 1 : 0)));
  }
  parts.push(svg('text', { class: 'label', x: 0, y: 9 }, unit()));
  return parts;
}

function timeAxis(begin, now, x, width) {
  const parts = [], size = timeSteps.find((s) => (now - begin) / s <= width / 72) ?? timeSteps.at(-1);
  const zone = -houseOffset(now);
  for (let t = Math.ceil((begin - zone) / size) * size + zone; t <= now; t += size) {
    const at = round(x(t));
    if (at > plot.left + 14 && at < width - (size < 60000 ? 30 : 20)) {
      parts.push(svg('line', { class: 'tick', x1: at, x2: at, y1: bars.top + bars.height, y2: bars.top + bars.height + 4 }));
      parts.push(svg('text', { class: 'label', x: at, y: height - 6, 'text-anchor': 'middle' }, clock(t, size < 60000)));
    }
  }
  return parts;
}

// bands are what was to be held.
function bands(points, x, y) {
  const alike = (a, b) => a.desired === b.desired && a.from === b.from && a.to === b.to;
  return runs(points, alike).filter((r) => known(r[0].desired)).flatMap((r) => {
    const left = round(x(r[0].t)), right = round(x(r.at(-1).end)), p = r[0];
    return [
      svg('rect', { class: 'band', x: left, width: Math.max(right - left, 0), y: round(y(p.to)), height: round(y(p.from) - y(p.to)) }),
      svg('line', { class: 'desired-line', x1: left, x2: right, y1: round(y(p.desired)), y2: round(y(p.desired)) }),
    ];
  });
}

const middle = (p, x) => round(x((p.t + p.end) / 2));

// envelope is how far the readings went within each step.
function envelope(points, x, y) {
  return measuredRuns(points).filter((r) => known(r[0].mean) && r.length > 1).map((r) => {
    const up = r.map((p) => `${middle(p, x)},${round(y(p.high))}`), down = r.map((p) => `${middle(p, x)},${round(y(p.low))}`).reverse();
    return svg('polygon', { class: 'envelope', points: [...up, ...down].join(' ') });
  });
}

function line(points, x, y) {
  const d = measuredRuns(points).filter((r) => known(r[0].mean)).map((r) => {
    const first = r[0], last = r.at(-1);
    const through = r.map((p) => `${middle(p, x)} ${round(y(p.mean))}`);
    return `M${round(x(first.t))} ${round(y(first.mean))}L${through.join('L')}L${round(x(last.end))} ${round(y(last.mean))}`;
  });
  return svg('path', { class: 'temperature-line', d: d.join('') });
}

// heatBars are the outputs: as high as the share of the time that they were on.
function heatBars(points, x, width) {
  const base = bars.top + bars.height;
  const path = (key) => points.filter((p) => p[key] > 0).map((p) => {
    const left = round(x(p.t)), right = round(x(p.end)), top = round(base - (p[key] / 100) * bars.height);
    return `M${left} ${base}V${top}H${Math.max(right, left + 0.5)}V${base}z`;
  }).join('');
  return [
    svg('line', { class: 'grid', x1: plot.left, x2: width - plot.right, y1: base, y2: base }),
    svg('path', { class: 'heat', d: path('heat') }),
    svg('path', { class: 'cool', d: path('cool') }),
    svg('text', { class: 'label', x: plot.left - 6, y: base - 2, 'text-anchor': 'end' }, phrases.on),
  ];
}
