// Editing a zone's week: what is selected, the tools below the bars, saving with undo,
// and what is said when somebody else has changed the program meanwhile.

import { Bars, targetWords } from './bars.js';
import { button, chip, copyOf, keepFocus, make, onLeave, setText } from './dom.js';
import { phrases } from './lang.js';
import { degreesOf, presetNames, sameProgram, statement } from './program.js';
import { added, blocks, dayWords, inForce, isFar, lastBefore, maxPerDay, minuteOf, moved, parseWeek, proposed, retimed, sameDay, timeText, weekText } from './week.js';
import { dayName, ended, houseTime, inUnits, parseDegrees, short, stepFrom, timeOfDay, unit, upper } from './words.js';

const undoFor = 60_000; // ms
const fading = 3000; // ms for which it does nothing before it goes: a finger on its way meets nothing else
const near = 30; // min from a transition, where a tap means no other place for one
const usual = 20; // °C, where there is nothing to begin from

export class Editor {
  // zone has info, name and program; clock gives the agent's time.
  constructor(box, zone, mayChange, clock) {
    Object.assign(this, { zone, program: zone.program, mayChange, clock, box });
    this.selected = { day: 0, index: -1 };
    this.tapped = null; // the minute of the bar, where another transition is added
    this.base = null; // the program that the editing began with
    this.days = null;
    this.body = null; // made when it is first opened
    this.taken = 0; // how often a newer program was taken
    this.done = ''; // what is said of a week that was just saved
    this.toggle = button(phrases.week, () => this.open(!this.isOpen), { className: 'week-toggle', ariaExpanded: 'false', ariaLabel: phrases.weekOf(zone.name) });
    box.append(this.toggle);
    this.part = (name) => this.body.querySelector(`.${name}`);
    this.program.listeners.push(() => this.meet());
  }

  get isOpen() { return this.body !== null && !this.body.hidden; }
  get dirty() { return this.base !== null && weekText(this.days) !== this.base.week; }
  get fields() { return [this.time, this.degrees]; }
  get wrong() { return this.fields.find((f) => f.value !== f.defaultValue); } // what was typed and cannot be entered; it stays to be mended
  get day() { return this.days[this.selected.day]; }
  get transition() { return this.day[this.selected.index]; }

  // at is where another transition is added: where the bar was tapped, while there is room.
  get at() { return this.tapped !== null && isFar(this.day, this.tapped, near) ? this.tapped : proposed(this.day); }

  open(yes) {
    if (this.body === null) this.make();
    this.body.hidden = !yes;
    this.toggle.ariaExpanded = String(yes);
    if (!yes) return;
    this.meet();
    this.program.load();
  }

  // unsaved is what resume takes up in another load of the page; null: nothing is.
  get unsaved() {
    if (this.isOpen) this.enter();
    return this.dirty ? { base: this.base, week: weekText(this.days), selected: this.selected } : null;
  }

  resume({ base, week, selected }) {
    Object.assign(this, { base, selected, days: parseWeek(week) });
    this.open(true);
    this.draw();
  }

  make() {
    this.body = copyOf('week-template');
    this.box.append(this.body);
    this.bars = new Bars(this.part('bars'), this.zone.name, {
      select: (day, index, minute) => this.select(day, index, minute),
      move: (minute, step) => this.move(minute, step),
      key: (name) => this.key(name),
    });
    this.body.ariaLabel = phrases.weekOf(this.zone.name);
    this.body.addEventListener('click', (e) => { if (e.target.closest('button')) this.enter(); }, true); // not every browser moves the focus to a button
    this.part('bars').setAttribute('aria-describedby', this.part('hint').id = `hint-${this.zone.info.name}`);
    for (const part of ['hint', 'tools', 'week-actions']) this.part(part).hidden = true; // until there is something to edit
    this.makeTime();
    this.makeTarget();
    this.add = button('', () => this.addOne());
    this.remove = button(phrases.remove, () => this.removeOne());
    this.part('more').append(this.add, this.remove);
    this.copies = [[0, 1, 2, 3, 4], [5, 6], ...dayWords.map((_, day) => [day])].map((days) => {
      const short = days.map((day) => dayName(day, 'short')), name = days.length > 2 ? `${short[0]}–${short.at(-1)}` : short.join(', ');
      return { days, name, button: button('', () => this.copy(days), { className: days.length > 1 ? 'chip days' : 'chip' }) };
    });
    this.part('copy').append(...this.copies.map((c) => c.button));
    this.save = button(phrases.save, () => (this.wrong ? this.wrong.focus() : this.put(weekText(this.days), this.base)), { className: 'main' });
    this.discard = button(phrases.discard, () => this.begin(this.program.told));
    this.undo = button(phrases.undo, () => { if (this.undo.ariaDisabled !== 'true') this.put(this.before, this.saved, phrases.undone); }, { hidden: true });
    this.follow = button(phrases.follow, () => this.zone.choose('auto'), { hidden: true });
    this.part('week-actions').append(this.save, this.discard, this.undo, this.follow);
    this.part('take').addEventListener('click', () => this.takeNewer());
    this.part('keep').addEventListener('click', () => this.put(weekText(this.days), null));
  }

  makeTime() {
    this.time = make('input', { type: 'time', className: 'time', ariaLabel: phrases.beginsAt });
    const nudge = (text, by, label) => button(text, () => this.move(this.transition.minute + by, 1), { ariaLabel: label });
    this.part('begin').append(nudge('−5\u00a0min', -5, phrases.earlier), this.time, nudge('+5\u00a0min', 5, phrases.later));
    this.listen(this.time, () => this.typeTime());
  }

  makeTarget() {
    this.degrees = make('input', { type: 'text', inputMode: 'decimal', className: 'degrees', autocomplete: 'off', ariaLabel: phrases.temperatureIn(unit()) });
    const step = (text, direction, label) => button(text, () => this.choose(() => this.warm(stepFrom(this.celsius, direction))), { ariaLabel: label });
    this.part('warm').append(step('−', -1, phrases.colderInProgram), this.degrees, unit(), step('+', 1, phrases.warmerInProgram));
    this.degrees.addEventListener('focus', () => this.degrees.select());
    this.listen(this.degrees, () => this.typeDegrees());
  }

  // listen takes what is typed into a field at once, so that nothing moves when it is left.
  listen(field, type) {
    field.addEventListener('focus', () => { if (!this.wrong) this.was = { ...this.transition }; });
    field.addEventListener('input', type);
    onLeave(field, () => this.enter());
    field.addEventListener('keydown', (e) => { if (e.key === 'Enter') this.enter(); });
  }

  get celsius() { return degreesOf(this.transition.target, this.base.presets) ?? usual; }

  // begin takes a program to edit.
  begin(told) {
    this.base = told;
    this.days = parseWeek(told.week);
    this.newer = null;
    const { day, index } = this.selected;
    this.selected = { day, index: Math.min(index, this.days[day].length - 1) };
    this.keepFocus(() => {
      this.part('conflict').hidden = true;
      this.showFields();
      this.draw();
    });
  }

  // keepFocus leaves a keyboard at the bars where a button goes that was pressed.
  keepFocus(doing) { keepFocus(doing, () => this.bars); }

  // meet compares what is edited with what is in force now.
  meet() {
    const told = this.program.told;
    if (!told || !this.isOpen) return;
    if (this.base === null) this.selectNow(told);
    if (this.base !== null && (this.dirty || this.wrong) && !sameProgram(told, this.base)) this.conflict(told);
    else if (!this.dirty && !this.wrong) this.begin(told);
  }

  // selectNow begins with the transition in force.
  selectNow(told) {
    const { day, minute } = houseTime(this.clock());
    this.selected = { day, index: parseWeek(told.week)[day].findLastIndex((t) => t.minute <= minute) };
  }

  draw() {
    const { days, selected } = this, presets = this.base.presets;
    if (selected.index < 0 && this.day[0]?.minute === 0) selected.index = 0; // nothing goes on from before
    const t = this.transition;
    for (const part of ['hint', 'tools', 'week-actions']) this.part(part).hidden = !this.mayChange;
    this.bars.draw(days, presets, selected, !this.mayChange);
    this.tick();
    setText(this.part('where'), t ? phrases.from(dayName(selected.day), timeOfDay(t.minute)) : dayName(selected.day));
    this.drawBlocks(presets);
    for (const part of ['begin', 'target', 'warm']) this.part(part).hidden = !t;
    this.remove.hidden = !t;
    this.add.textContent = phrases.addAt(timeOfDay(this.at));
    this.add.disabled = this.day.length >= maxPerDay || !isFar(this.day, this.at, 1);
    for (const copy of this.copies) this.drawCopy(copy);
    if (t) this.drawTransition(t, presets);
    this.sayWrong();
    this.drawActions();
  }

  // drawActions keeps them in sight while something is not saved, and shortly after.
  drawActions() {
    const { dataset } = this.part('week-actions');
    dataset.unsaved = String(this.dirty);
    dataset.done = String(this.done !== '' && !this.dirty);
    if (this.dirty) this.follow.hidden = true;
    this.discard.hidden = !this.dirty;
    this.save.disabled = !this.dirty;
    keepFocus(() => { this.save.hidden = dataset.done === 'true'; }, () => this.undo);
  }

  // drawBlocks shows the blocks of the day as buttons. One that goes on from a day before leads to its beginning there.
  drawBlocks(presets) {
    const { days, selected } = this, box = this.part('blocks'), at = [...box.children].indexOf(document.activeElement);
    const shown = (target) => (degreesOf(target, presets) === null ? targetWords(target, presets) : `${short(degreesOf(target, presets))}°`);
    const all = blocks(days, selected.day).map((b) => {
      const { day, index, minute, target } = b.index < 0 ? lastBefore(days, selected.day) ?? {} : { day: selected.day, minute: b.from, ...b };
      if (day === undefined) return null; // the week has no target yet
      const time = timeOfDay(minute), go = () => this.select(day, index);
      if (b.index < 0) return button(phrases.fromBefore(dayName(day), time, shown(target)), go);
      const words = `${time} ${shown(target)}`;
      return chip(words, go, { ariaPressed: String(index === selected.index), ariaLabel: `${dayName(day)}: ${words}` });
    }).filter(Boolean);
    box.ariaLabel = phrases.blocksOf(dayName(selected.day));
    box.replaceChildren(...all);
    if (at >= 0) (box.querySelector('[aria-pressed="true"]') ?? all[at])?.focus({ preventScroll: true });
  }

  drawTransition(t, presets) {
    for (const field of this.fields) if (document.activeElement !== field && field !== this.wrong) this.showIn(field);
    const targets = [...presetNames(presets), 'off'], box = this.part('target');
    if ([...box.children].map((b) => b.dataset.target).join() !== targets.join()) {
      box.replaceChildren(...targets.map((target) => chip(upper(targetWords(target, presets)), () => this.choose(() => this.aim(target)), { data: { target } })));
    }
    for (const b of box.children) b.ariaPressed = String(b.dataset.target === t.target);
  }

  // drawCopy says of days whether there is something to copy to them yet.
  drawCopy({ days, name, button: b }) {
    const same = days.every((day) => sameDay(this.days[day], this.day)), copyTo = days.length > 1 ? phrases.copyToAll : phrases.copyTo;
    b.hidden = days.length === 1 && days[0] === this.selected.day;
    b.dataset.same = same;
    b.textContent = same ? `= ${name}` : name;
    b.ariaLabel = same ? phrases.sameAs(name, dayName(this.selected.day)) : copyTo(name);
  }

  // sayWrong says of what is typed why it cannot be entered, as long as that is so.
  sayWrong() {
    const [time, degrees] = this.fields.map((f) => Boolean(this.transition && f.value !== f.defaultValue && f.value.trim()));
    setText(this.part('time-answer'), time ? phrases.taken(timeOfDay(minuteOf(this.time.value.slice(0, 5)))) : degrees ? phrases.noTemperature : '');
    this.time.ariaInvalid = String(time);
    this.degrees.ariaInvalid = String(degrees);
  }

  showFields() {
    if (this.transition) for (const field of this.fields) this.showIn(field);
  }

  // showIn shows what holds in a field.
  showIn(field) {
    field.value = field.defaultValue = field === this.time ? timeText(this.transition.minute) : this.shownDegrees;
    if (document.activeElement === field) this.was = { ...this.transition };
  }

  get shownDegrees() { return degreesOf(this.transition.target, this.base.presets) === null ? '' : short(this.celsius); }

  // tick moves the mark for now.
  tick() {
    if (!this.isOpen) return;
    const { day, minute } = houseTime(this.clock());
    this.bars.now(day, minute);
  }

  // enter shows what was typed as it is taken. What is wrong stays; a field that was emptied means what it had.
  enter() {
    if (!this.transition) return;
    for (const field of this.fields) if (field.value === field.defaultValue || !field.value.trim()) this.showIn(field);
    this.sayWrong();
  }

  // select goes to another block; minute is where the bar was tapped for it.
  select(day, index, minute = null) {
    this.enter();
    this.selected = { day, index };
    this.tapped = minute === null ? null : Math.min(Math.round(minute / 15) * 15, 1425);
    this.showFields();
    this.draw();
  }

  changed() {
    this.say('');
    this.draw();
  }

  move(minute, step) {
    this.transition.minute = moved(this.day, this.selected.index, minute, step);
    this.showIn(this.time);
    this.changed();
  }

  // typeTime takes a time while it is being typed, so that all shows it at once, and puts the day in order. One that
  // another block has, or that is not complete, counts as not typed.
  typeTime() {
    if (!this.transition) return;
    const typed = minuteOf(this.time.value.slice(0, 5)), put = (minute) => retimed(this.day, this.selected.index, minute);
    const index = Number.isNaN(typed) ? -1 : put(typed);
    this.selected.index = index < 0 ? put(this.was.minute) : index;
    this.time.defaultValue = index < 0 ? timeText(this.was.minute) : this.time.value;
    this.changed();
  }

  // choose does what a press says of the target, also in the place of something that was typed.
  choose(aim) {
    this.degrees.value = this.degrees.defaultValue;
    aim();
    this.showIn(this.degrees);
  }

  aim(target) {
    this.transition.target = target;
    this.changed();
  }

  // warm aims at a temperature, with as many decimals as a program has.
  warm(celsius) {
    const { desired_min: low, desired_max: high } = this.zone.info;
    this.aim(String(Math.round(Math.min(Math.max(celsius, low), high) * 100) / 100));
  }

  // typeDegrees takes a temperature while it is being typed; what is none counts as not typed.
  typeDegrees() {
    if (!this.transition) return;
    const celsius = parseDegrees(this.degrees.value), known = !Number.isNaN(celsius);
    if (known) this.degrees.defaultValue = this.degrees.value;
    else {
      this.transition.target = this.was.target;
      this.degrees.defaultValue = this.shownDegrees;
    }
    if (known) this.warm(celsius);
    else this.changed();
  }

  // addOne begins with another target of the week than the one that goes on there.
  addOne() {
    const before = inForce(this.days, this.selected.day, this.at);
    const other = [...this.days.flat().map((t) => t.target), ...presetNames(this.base.presets), String(usual)].find((target) => target !== before);
    const index = added(this.day, this.at, other);
    if (index >= 0) this.selected.index = index;
    this.showFields();
    this.changed();
  }

  removeOne() {
    this.day.splice(this.selected.index, 1);
    this.selected.index -= 1;
    this.showFields();
    this.keepFocus(() => this.changed());
  }

  key(name) {
    if (name === 'Insert') this.add.click();
    else if (name === 'Delete' && this.transition) this.removeOne();
    else return false;
    return true;
  }

  copy(days) {
    const from = this.day;
    for (const day of days) if (day !== this.selected.day) this.days[day] = from.map((t) => ({ ...t }));
    this.changed();
  }

  // put says a week as the program's word, and undoes it the same way. A word of somebody
  // else since then is not overwritten unasked; null: the person was asked.
  async put(week, since, done = phrases.saved) {
    this.say(phrases.asking, 'quiet');
    const taken = this.taken, now = await this.program.load();
    if (this.taken !== taken) return; // the newer one was taken meanwhile, which nothing brings back
    if (now === null) return this.say(phrases.nothingChanged, 'refused');
    if (since !== null && !sameProgram(now, since)) return this.conflict(now, week);
    const answer = await this.program.put({ ...statement(now), week });
    if (!answer.applied) return this.say(answer.lost ? phrases.noAnswer : phrases.notChanged(ended(inUnits(answer.reason))), 'refused');
    this.before = now.week;
    this.saved = { ...now, week };
    this.linger();
    this.begin(this.saved);
    this.done = answer.reason ? `${done} ${ended(inUnits(answer.reason))}` : done;
    this.drawActions();
    this.say(this.done, 'done');
    this.showFollow();
    this.program.load();
  }

  // showFollow says of a week that was just saved whether it is in force, and offers that.
  showFollow() {
    if (!this.done || this.part('week-answer').dataset.kind !== 'done') return;
    const waits = this.base.week !== '' && this.zone.setpoint?.mode !== 'auto';
    if (waits) this.say(`${this.done} ${phrases.notFollowed}`, 'done');
    else if (!this.follow.hidden) this.say(phrases.savedWeek, 'done');
    keepFocus(() => { this.follow.hidden = !waits; }, () => this.undo);
  }

  // linger offers the undo, in sight wherever the page is, for its minute.
  linger() {
    this.undo.hidden = false;
    this.undo.ariaDisabled = 'false';
    clearTimeout(this.undoing);
    this.undoing = setTimeout(() => {
      this.undo.ariaDisabled = 'true';
      this.undoing = setTimeout(() => this.settle(), fading);
    }, undoFor);
  }

  settle() {
    this.done = '';
    this.keepFocus(() => {
      for (const b of [this.undo, this.follow]) b.hidden = true;
      this.drawActions();
    });
  }

  // conflict says that the program is another by now, and lets the person choose.
  conflict(newer, week = weekText(this.days)) {
    this.newer = newer;
    this.days = parseWeek(week);
    this.say('');
    this.draw();
    this.part('conflict').hidden = false;
  }

  takeNewer() {
    this.taken++;
    this.settle();
    this.begin(this.newer);
    this.say(phrases.newerTaken, 'done');
  }

  say(words, kind = 'quiet') {
    const p = this.part('week-answer');
    setText(p, words);
    p.dataset.kind = kind;
  }
}
