// A room by hand in one touch: its presets, a boost, and back to the program.

import { chip, keepFocus, make, setText } from './dom.js';
import { phrases } from './lang.js';
import { presetNames } from './program.js';
import { presetWord, short, soon, title } from './words.js';

const boostFor = 60; // min
const by = 15; // min, how far one press moves the end of a boost

export class Hands {
  // zone has program, want (a change of the control) and hand (boost, resume).
  constructor(box, zone) {
    Object.assign(this, { box, zone, state: null, disabled: false });
    box.ariaLabel = phrases.presetsOf(zone.name);
    this.follow = chip(phrases.follow, () => this.resume());
    this.boost = chip(phrases.boost(boostFor), () => (this.boosting ? this.resume() : zone.hand('boost', { for: `${boostFor}m` }, boostFor * 60_000)));
    this.ends = [-by, by].map((minutes) => {
      const text = `${minutes < 0 ? '−' : '+'}${by}`;
      return chip(`${text}\u00a0min`, () => zone.extend(minutes), { hidden: true, ariaLabel: phrases.boostBy(text), data: { by: minutes } });
    });
    this.boostBox = make('div', { className: 'boost' }, this.boost, ...this.ends);
    zone.program.listeners.push(() => this.draw());
  }

  get boosting() { return this.state?.target === 'boost'; }

  resume() {
    if (!this.following) this.zone.hand('resume');
  }

  get following() { return this.state?.target === 'program'; }

  draw() {
    const { presets } = this.zone.program;
    const chips = presetNames(presets).filter((name) => name !== 'boost').map((name) => {
      return chip(`${title(presetWord(name))} ${short(presets[name])}°`, () => this.zone.prefer(name), { disabled: this.disabled, data: { preset: name } });
    });
    this.presets = chips;
    const focused = this.box.contains(document.activeElement) && document.activeElement.textContent;
    this.box.replaceChildren(this.follow, this.boostBox, ...chips);
    if (focused) [...this.box.querySelectorAll('button')].find((b) => b.textContent === focused)?.focus();
    this.show(this.state);
  }

  // show presses what is in force.
  show(state) {
    this.state = state;
    if (!state || !this.presets) return;
    const held = state.target === 'hold' || state.target === 'boost' || state.target === 'away';
    keepFocus(() => { this.follow.hidden = !(state.next || held); }, () => this.boost); // hidden where there is nothing to go back to
    this.follow.textContent = state.next ? phrases.follow : phrases.asBefore;
    this.follow.ariaPressed = String(this.following);
    setText(this.boost, this.boosting && state.hold_until ? phrases.boostUntil(soon(Date.parse(state.hold_until), Date.parse(state.time))) : phrases.boost(boostFor));
    const no = this.boosting ? null : state.desired === null && state.mode !== 'off' || state.reason === 'no_setpoint' ? phrases.boostUnset : state.mode === 'off' || state.reason === 'mode_off' ? phrases.boostOff : null;
    if (no) setText(this.boost, no); // it would be refused
    this.boost.disabled = this.disabled || no !== null;
    this.boost.ariaPressed = String(this.boosting);
    keepFocus(() => { for (const b of this.ends) b.hidden = !this.boosting; }, () => this.boost);
    for (const b of this.presets) b.ariaPressed = String(b.dataset.preset === state.preset && state.target !== 'program' && state.mode !== 'off');
  }

  forbid() {
    this.disabled = true;
    for (const b of [this.follow, this.boost, ...this.ends]) b.disabled = true;
  }
}
