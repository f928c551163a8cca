// A zone's program as the agent tells it: what its targets mean, and what it aims at when.

import { ask } from './dom.js';
import { dayWords, inForce, isTemperature, parseWeek } from './week.js';
import { aim, houseTime, named } from './words.js';

export class Program {
  constructor(zone) {
    this.url = `api/zones/${zone}/program`;
    this.told = null; // {week, presets, away, mode, configured}
    this.listeners = [];
    this.turns = this.newest = 0; // of what was asked for, of what is told
  }

  get presets() { return this.told?.presets ?? {}; }

  // load fetches what is in force, and gives it; null: there was no answer.
  async load() {
    const turn = ++this.turns;
    try {
      const r = await fetch(this.url);
      return r.ok ? this.take(await r.json(), turn) : null;
    } catch {
      return null; // the stream finds out as well, and says so
    }
  }

  // take tells who listens what is in force now, if it is another, and gives it. Of two
  // answers the one that was asked for later counts, however late the other comes.
  take(told, turn = ++this.turns) {
    if (turn < this.newest) return this.told;
    this.newest = turn;
    if (JSON.stringify(told) === JSON.stringify(this.told)) return this.told;
    this.told = told;
    for (const hear of this.listeners) hear();
    return told;
  }

  put(said) { return ask('PUT', this.url, said); }

  // at gives the target that the program has at a moment; null: none.
  at(ms) {
    if (!this.told) return null;
    const { date, time, day, minute } = houseTime(ms), now = `${date} ${time}`;
    const away = this.told.away.filter(({ from, to }) => from <= now && now < to).reduce((last, a) => (last?.from > a.from ? last : a), null); // the last begun
    return away ? away.preset ?? 'away' : inForce(this.days, day, minute);
  }

  get days() { return parseWeek(this.told.week) ?? dayWords.map(() => []); }

  // aimAt says in words what the program aims at; null: nothing.
  aimAt(ms) {
    const target = this.at(ms);
    return target && aim(degreesOf(target, this.presets), isTemperature(target) ? null : target);
  }
}

// degreesOf gives a target's °C; null: it is off, or a preset that is not there.
export function degreesOf(target, presets) {
  return isTemperature(target ?? '') ? Number(target) : named(presets, target) ?? null;
}

// presetNames gives the names of presets, the warmest first.
export const presetNames = (presets) => Object.keys(presets).sort((a, b) => presets[b] - presets[a]);

// statement is what a program's word says: all of it but what only the agent knows, and the
// presets that are as they are configured, which go on being so.
export function statement({ week, presets, configured_presets: configured, away }) {
  const own = Object.entries(presets).filter(([name, celsius]) => celsius !== configured[name]);
  return { week, presets: Object.fromEntries(own), away };
}

export const sameProgram = (a, b) => JSON.stringify(statement(a)) === JSON.stringify(statement(b));
