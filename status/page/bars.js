// A week as seven bars of coloured blocks: drawn, selected and dragged. What becomes of
// a drag or a key is the editor's.

import { make } from './dom.js';
import { phrases } from './lang.js';
import { degreesOf } from './program.js';
import { blocks, dayWords, isTemperature, minutesOfDay } from './week.js';
import { dayName, hours, presetWord, short, shortWithUnit, timeOfDay } from './words.js';

const reach = { touch: 22, pen: 12, mouse: 8 }; // px from an edge, within which a drag takes it
const still = 4; // px that a finger or a hand moves without dragging
const tapped = 10; // px that a finger moves at most in a tap
const coarse = 5; // min, a step of a drag and of an arrow key; with Shift 1
const labelled = 200; // min, the shortest block that its temperature fits into
const levels = 4; // of warmth

// targetWords says a target: comfort 20.5 °C, 21 °C, off.
export function targetWords(target, presets) {
  if (target === null) return phrases.noTarget;
  const celsius = degreesOf(target, presets);
  if (celsius === null) return target === 'off' ? phrases.off : target;
  return isTemperature(target) ? shortWithUnit(celsius) : `${presetWord(target)} ${shortWithUnit(celsius)}`;
}

// warmth gives each target's place among those of the week, from the coldest, 0, to the warmest.
function warmth(days, presets) {
  const degrees = (target) => degreesOf(target, presets);
  const all = days.flat().map((t) => degrees(t.target)).filter((c) => c !== null);
  const ranks = [...new Set(all)].sort((a, b) => a - b);
  return (target) => {
    const celsius = degrees(target);
    return celsius === null ? 'off' : String(Math.round((levels * ranks.indexOf(celsius)) / Math.max(ranks.length - 1, 1)));
  };
}

export class Bars {
  // hear has select(day, index, minute), move(minute, step), key(name).
  constructor(box, zone, hear) {
    this.box = box;
    this.hear = hear;
    this.box.ariaLabel = phrases.barsOf(zone);
    this.days = dayWords.map((_, day) => {
      const bar = make('div', { className: 'bar' }), name = make('span', { className: 'day-name', textContent: dayName(day, 'short'), ariaHidden: 'true' });
      box.append(make('div', { className: 'day', role: 'group', ariaLabel: dayName(day) }, name, bar));
      this.listen(bar, day);
      return bar;
    });
    box.append(make('div', { className: 'hours', ariaHidden: 'true' }, ...hours(6).map((h) => make('span', { textContent: h }))));
    this.mark = make('span', { className: 'week-now', ariaHidden: 'true' });
  }

  // draw shows a week; selected is {day, index}, and fixed says that it is only shown.
  draw(days, presets, selected, fixed) {
    const focused = this.box.contains(document.activeElement), level = warmth(days, presets);
    this.shown = { days, selected, fixed };
    this.days.forEach((bar, day) => {
      const pieces = blocks(days, day).map((b) => this.piece(b, day, level(b.target), presets));
      const at = selected.day === day && days[day][selected.index];
      if (at && !fixed) pieces.push(place(make('span', { className: 'edge', ariaHidden: 'true' }), at.minute));
      bar.replaceChildren(...pieces, ...(this.mark.parentNode === bar ? [this.mark] : []));
    });
    if (focused) this.focus();
  }

  // piece draws a block. One that begins in its day is a slider of its beginning.
  piece({ from, to, target, index }, day, level, presets) {
    const { selected, fixed } = this.shown, isSelected = selected.day === day && selected.index === index;
    const words = targetWords(target, presets), celsius = degreesOf(target, presets);
    const b = make('div', { className: 'block', tabIndex: isSelected ? 0 : -1, data: { level, selected: isSelected } });
    if (index < 0) Object.assign(b, { role: 'button', ariaPressed: String(isSelected), ariaLabel: phrases.fromDayBefore(dayName(day), words) });
    else {
      Object.assign(b, { role: 'slider', ariaLabel: `${dayName(day)} ${timeOfDay(from)} ${words}`, ariaValueMin: '0', ariaValueMax: String(minutesOfDay - 1), ariaValueNow: String(from), ariaValueText: timeOfDay(from) });
      if (fixed) b.ariaReadOnly = 'true';
    }
    const label = to - from < labelled ? '' : celsius === null ? target && targetWords(target, presets) : short(celsius);
    b.append(make('span', { textContent: label, title: words, ariaHidden: 'true' })); // a title on the block would be read behind its name
    place(b, from).style.width = `${((to - from) * 100) / minutesOfDay}%`;
    return b;
  }

  focus() { this.box.querySelector('[data-selected="true"]')?.focus({ preventScroll: true }); }

  // now puts the mark for this moment.
  now(day, minute) {
    place(this.mark, minute);
    if (this.mark.parentNode !== this.days[day]) this.days[day].append(this.mark);
  }

  listen(bar, day) {
    bar.addEventListener('mousedown', (e) => e.preventDefault()); // what is under the pointer is drawn anew: the focus goes where we say
    bar.addEventListener('pointerdown', (e) => { if (e.button === 0 && e.isPrimary && this.shown) this.press(bar, day, e); });
    bar.addEventListener('pointermove', (e) => this.drag(bar, e));
    bar.addEventListener('pointerup', () => {
      this.held?.pick?.(false);
      this.held = null;
    });
    bar.addEventListener('pointercancel', () => { this.held = null; }); // the page scrolls
    bar.addEventListener('focusin', (e) => this.meet(e.target, day));
    bar.addEventListener('keydown', (e) => this.key(e));
  }

  // meet selects a block that is focused by other means than ours, such as a screen reader.
  meet(block, day) {
    if (block.dataset.selected === 'true') return;
    const { days } = this.shown, { index, from, to } = blocks(days, day)[[...this.days[day].children].indexOf(block)];
    this.hear.select(day, index, Math.round((from + to) / 2));
  }

  // press takes what is under a pointer: a mouse at once, a finger once it has tapped or
  // drags, since it may be about to scroll.
  press(bar, day, e) {
    const { left, width } = bar.getBoundingClientRect(), minute = Math.min(Math.max(((e.clientX - left) * minutesOfDay) / width, 0), minutesOfDay - 1);
    const own = this.shown.days[day], index = this.shown.fixed ? -1 : nearest(own, minute, ((reach[e.pointerType] ?? reach.mouse) * minutesOfDay) / width, this.shown.selected.day === day ? this.shown.selected.index : -1);
    const pick = (edge) => { // a tap means the block that it is on, a drag the edge that is near
      this.held.pick = null;
      this.hear.select(day, edge && index >= 0 ? index : own.findLastIndex((t) => t.minute <= minute), Math.round(minute));
      this.focus();
    };
    bar.setPointerCapture(e.pointerId);
    this.held = { x: e.clientX, y: e.clientY, edge: own[index]?.minute, perPx: minutesOfDay / width, moving: false, pick };
    if (e.pointerType === 'mouse') pick(true);
  }

  drag(bar, e) {
    const { held } = this;
    if (!held || !bar.hasPointerCapture(e.pointerId)) return;
    const by = e.clientX - held.x, down = e.clientY - held.y;
    if (held.edge !== undefined && !held.moving && Math.abs(by) > still && (held.pick === null || Math.abs(by) > Math.abs(down))) {
      held.moving = true;
      held.pick?.(true);
    }
    if (held.moving) this.hear.move(held.edge + by * held.perPx, coarse);
    else if (Math.hypot(by, down) > tapped) held.pick = null;
  }

  key(e) {
    const { days, selected } = this.shown, at = days[selected.day][selected.index], by = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
    if (by && at && !this.shown.fixed) this.hear.move(at.minute + by * (e.shiftKey ? 1 : coarse), 1);
    else if (['ArrowUp', 'ArrowDown', 'Home', 'End'].includes(e.key)) this.step(e.key);
    else if (this.shown.fixed || !this.hear.key(e.key)) return;
    e.preventDefault();
    this.focus();
  }

  // step goes to another block: up and down to the one before and behind, through the days.
  step(key) {
    const { days, selected: { day, index } } = this.shown;
    const all = dayWords.flatMap((_, d) => blocks(days, d).map((b) => ({ day: d, ...b }))), i = all.findIndex((b) => b.day === day && b.index === index);
    const today = all.filter((b) => b.day === day);
    const to = { ArrowUp: all[i - 1], ArrowDown: all[i + 1], Home: today[0], End: today.at(-1) }[key];
    if (to) this.hear.select(to.day, to.index, Math.round((to.from + to.to) / 2));
  }
}

function place(e, minute) {
  e.style.left = `${(minute * 100) / minutesOfDay}%`;
  return e;
}

// nearest gives the transition whose edge is within reach of a minute, the selected one before others; -1: none.
function nearest(day, minute, within, selected) {
  const far = (t) => Math.abs(t.minute - minute);
  if (day[selected] && far(day[selected]) <= within) return selected;
  return day.reduce((best, t, i) => (far(t) <= within && (best < 0 || far(t) < far(day[best])) ? i : best), -1);
}

