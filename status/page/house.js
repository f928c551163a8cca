// The whole house: everybody goes away, or is back.

import { ask, button, keepFocus, make, setText } from './dom.js';
import { phrases } from './lang.js';
import { dayAndTime, ended, houseTime, inUnits, list, short, shortWithUnit, when } from './words.js';

const far = 60 * 86_400_000; // ms ahead, from which on an end is asked for twice

export class House {
  constructor(box) {
    this.box = box;
    this.ended = []; // of what the answer speaks: {name, words, seen} of rooms
    this.words = make('p', { className: 'house-words' });
    this.go = button('', () => this.open(this.form.hidden), { ariaExpanded: 'false' });
    this.back = button(phrases.back, () => this.tell({ on: false }), { className: 'main' });
    this.until = make('input', { type: 'datetime-local', className: 'until' });
    this.start = button('', () => this.tellUntil());
    this.endless = button('', () => this.tell({ on: true }));
    this.coming = make('p', { className: 'away-coming' });
    this.until.addEventListener('input', () => {
      this.sure = null;
      this.drawComing();
    });
    this.form = make('div', { className: 'away-form', hidden: true }, make('label', {}, make('span', { textContent: phrases.untilLabel }), this.until), this.start, this.endless, this.coming);
    this.answer = make('p', { className: 'house-answer', role: 'status' });
    box.append(this.words, this.back, this.go, this.form, this.answer);
  }

  forbid() {
    this.forbidden = true;
  }

  // show tells who is away; now is the agent's clock. Where no room has a preset away there is nothing to tell.
  show(zones, now) {
    keepFocus(() => this.draw(zones, now), () => this.go);
  }

  draw(zones, now) {
    const away = zones.map((z) => awayIn(z.state?.control)).filter(Boolean), is = away.length > 0;
    if (is !== this.away?.length > 0) this.open(false);
    Object.assign(this, { away, now, zones });
    this.box.hidden = !is && (this.forbidden || !zones.some((z) => 'away' in z.program.presets));
    this.go.hidden = this.forbidden;
    this.back.hidden = this.forbidden || !is;
    setText(this.go, is ? phrases.changeEnd : phrases.goAway);
    setText(this.start, is ? phrases.change : phrases.start);
    setText(this.endless, is ? phrases.endless : phrases.startEndless);
    this.start.className = is ? '' : 'main';
    const ends = [...new Set(away.map((c) => c.hold_until))];
    this.drawComing();
    this.forgetEnded();
    this.end = ends.length === 1 && ends[0] ? Date.parse(ends[0]) : null;
    if (!is) setText(this.words, '');
    else setText(this.words, this.end === null ? phrases.away(away.length) : phrases.awayUntil(away.length, when(this.end, now)));
  }

  // drawComing says what the form will do: to which rooms, and until when.
  drawComing() {
    const go = this.zones.filter(({ program, setpoint }) => 'away' in program.presets && setpoint?.mode !== 'off'); // the others stay as they are
    const all = go.map((z) => z.program.presets.away), low = Math.min(...all), high = Math.max(...all), celsius = low === high ? shortWithUnit(low) : `${short(low)}–${shortWithUnit(high)}`;
    const rooms = go.length < this.zones.length ? phrases.someRooms(go.length, this.zones.length, celsius) : go.length === 1 ? phrases.oneRoom(celsius) : phrases.allRooms(go.length, celsius);
    const coming = this.until.value ? phrases.awayComing(rooms, dayAndTime(this.until.value, this.now)) : `${rooms}.`;
    const left = this.zones.filter((z) => !go.includes(z)).map((z) => `${z.name} (${whyLeft(z)})`);
    setText(this.coming, go.length === 0 ? '' : [coming, ...left.length > 0 ? [phrases.stayAsTheyAre(list(left))] : [], ...holdsOf(go, phrases.holdEnds).map(([, words]) => words)].join(' '));
  }

  // open asks until when, beginning with the end there is, or the next Sunday.
  open(yes) {
    this.form.hidden = !yes;
    this.go.ariaExpanded = String(yes);
    if (!yes) return;
    const { date, time } = houseTime(this.end ?? this.now);
    this.until.value = this.end === null ? proposedEnd(this.now) : `${date}T${time}`;
    this.sure = null;
    this.drawComing();
    this.say('', 'quiet');
    this.start.focus({ preventScroll: true });
  }

  tellUntil() {
    const until = this.until.value.replace('T', ' ').slice(0, 16); // on the clocks of the house
    const { date, time } = houseTime(this.now), ahead = Date.parse(`${until.replace(' ', 'T')}Z`) - Date.parse(`${date}T${time}Z`);
    if (ahead > far && this.sure !== until) {
      this.sure = until;
      return this.say(phrases.farEnd(Math.round(ahead / 86_400_000)), 'refused');
    }
    if (until) return this.tell({ on: true, until });
    this.say(phrases.noEnd, 'refused'); // a browser gives nothing of what is incomplete
    this.until.focus();
  }

  async tell(wish) {
    this.say(phrases.asking, 'quiet');
    const ends = wish.on ? holdsOf(this.zones, phrases.heldEnds) : [];
    const answer = await ask('PUT', 'api/away', wish);
    const refused = Object.values(answer.zones ?? {}).find((z) => !z.applied), reason = answer.reason || refused?.reason;
    if (answer.applied) this.sayEnded(ends.filter(([name]) => answer.zones?.[name]).map(([name, words]) => ({ name, words, seen: false })));
    else this.say(answer.lost ? phrases.noAnswer : phrases.notChanged(ended(inUnits(reason))), 'refused');
    if (answer.applied) keepFocus(() => this.open(false), () => this.go);
  }

  // sayEnded says what away took the place of.
  sayEnded(ended) {
    this.say(ended.map(({ words }) => words).join(' '), 'done');
    this.ended = ended;
  }

  // forgetEnded takes back what was said of rooms that were away since then and are no more.
  forgetEnded() {
    const left = this.ended.filter((e) => {
      const away = this.zones.find(({ info }) => info.name === e.name)?.state?.target === 'away', gone = e.seen && !away;
      e.seen ||= away;
      return !gone;
    });
    if (left.length < this.ended.length) this.sayEnded(left);
  }

  say(words, kind) {
    this.ended = [];
    this.answer.textContent = words;
    this.answer.dataset.kind = kind;
  }
}

// proposedEnd gives the next Sunday at 18:00 on the clocks of the house, on a Sunday the day behind it.
export function proposedEnd(now) {
  const { date, day } = houseTime(now), days = 6 - day || 1;
  return `${new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10)}T18:00`;
}

// holdsOf gives the rooms with something that away takes the place of, with words for it.
function holdsOf(zones, words) {
  return zones.flatMap(({ info, name, state }) => (state?.target in words ? [[info.name, words[state.target](name)]] : []));
}

// whyLeft says why a room has no part in going away.
function whyLeft({ program, state }) {
  if (!('away' in program.presets)) return phrases.leftWithout;
  return state?.reason === 'no_setpoint' ? phrases.leftUnset : phrases.off;
}

// awayIn gives the part of a control that is the preset away, also below what stands over it.
function awayIn(control) {
  for (let c = control; c; c = c.then) if (c.preset === 'away') return c;
  return null;
}
