// A source of heat that rooms share, such as a boiler: what it does, and in words why.

import { make, setText } from './dom.js';
import { phrases } from './lang.js';
import { clock, duration, list, soon, title } from './words.js';

const silence = 20_000; // ms; the agent tells of each source every 5 s

export class Source {
  // zones are all rooms, by name.
  constructor(info, zones) {
    Object.assign(this, { info, zones, name: title(info.name), state: null, since: 0 });
    this.word = make('span', { className: 'action-word' });
    this.pump = make('p', { className: 'pump', hidden: !info.pump });
    this.why = make('p', { className: 'why' });
    const name = make('h2', { id: `source-${info.name}`, textContent: this.name });
    const action = make('p', { className: 'action' }, make('span', { className: 'dot' }), this.word);
    this.strip = make('section', { className: 'source', hidden: true, 'aria-labelledby': name.id }, name, action, this.pump, this.why);
  }

  // take shows a state as it came.
  take(state, link) {
    this.state = state;
    this.since = Date.now();
    this.show(link);
  }

  // show brings the strip up to date, by the agent's clock and whether it is heard; it is called every second, too.
  show({ linked, agentNow, skew }) {
    const s = this.state;
    if (s === null) return;
    const told = Date.parse(s.time), stuck = linked && agentNow - told > silence, current = linked && !stuck;
    const { word, action, trouble } = current ? does(s) : { word: phrases.actions.unknown, action: 'unknown', trouble: false };
    this.strip.hidden = false;
    Object.assign(this.strip.dataset, { action, trouble });
    setText(this.word, word);
    setText(this.pump, phrases.pumps[(current && s.pump) || 'unknown']);
    this.pump.dataset.on = current && s.pump === 'on';
    const at = clock(told + skew, true);
    setText(this.why, !linked ? phrases.lastHeard(at) : stuck ? phrases.sourceStuck(at) : this.sentence(s));
  }

  sentence(s) {
    const now = Date.now(), wait = s.wait_s === null ? 0 : s.wait_s - (now - this.since) / 1000;
    return why(s, {
      left: wait > 0 ? duration(wait) : '', until: wait > 0 ? soon(now + wait * 1000, now) : '',
      calling: s.calling.map((name) => this.zones.get(name)?.name ?? name),
      opening: this.rooms((z) => z.state.action === 'heating' && z.state.heater === 'on' && !s.calling.includes(z.info.name)),
      hot: this.rooms((z) => z.state.heater === null && z.state.faults.some((f) => f.name === 'heat_cutout')), // a valve would shut
      lost: this.rooms((z) => z.stuck),
    });
  }

  // rooms gives the names of those of its rooms that are so.
  rooms(so) {
    return [...this.zones.values()].filter((z) => z.info.calls === this.info.name && z.state && so(z)).map((z) => z.name);
  }
}

// does says in a word what a source does, and whether that is trouble.
export function does({ relay, reason, faults }) {
  const { actions, barred, pauses, troublesOfFaults } = phrases, wait = { starting: pauses.starting, valve_opening: pauses.starting, min_off: pauses.max_on };
  if (relay === 'on') return { word: actions.heating, action: 'heating', trouble: false };
  if (faults.some(({ name }) => name === 'relay')) return { word: troublesOfFaults.relay, action: 'unknown', trouble: true };
  if (relay === null) return { word: actions.unknown, action: 'unknown', trouble: false };
  const trouble = reason === 'zone_cutout' || reason === 'zone_lost';
  return { word: trouble ? barred : wait[reason] ?? actions.off, action: 'off', trouble };
}

// why says why a source does what it does, and who calls it. left and until are what is left of
// a wait and its end in words, the others names of rooms.
export function why({ reason }, { left = '', until = '', calling = [], opening = [], hot = [], lost = [] }) {
  const some = calling.length + opening.length > 0, words = [because(reason, { left, until, calling, hot, lost, some })];
  if (calling.length > 0 && reason !== 'demand') words.push(phrases.calledBy(list(calling)));
  if (opening.length > 0 && reason !== 'stopped') words.push(phrases.valveOpens(list(opening)));
  return words.join(' ');
}

function because(reason, { left, until, calling, hot, lost, some }) {
  const of = (rooms) => (rooms.length > 0 ? list(rooms) : phrases.aRoom);
  switch (reason) {
    case 'zone_cutout': return phrases.barredByCutout(of(hot));
    case 'zone_lost': return phrases.barredByLoss(of(lost));
    case 'min_off': return left ? phrases.restsUntil(left, until) : phrases.rests;
    case 'starting': return phrases.waitsFor(phrases.waits.starting, left);
    case 'valve_opening': return phrases.waitsForValve(left);
    case 'demand': return calling.length > 0 ? phrases.heatsFor(list(calling)) : phrases.heats;
    case 'min_on': return phrases.staysOn(left);
    case 'overrun': return phrases.pumpRunsOn(left);
    case 'exercise': return phrases.exercises;
    case 'no_demand': return some ? phrases.tooFewCall : phrases.noneCalls;
    default: return phrases.explanations[reason] ?? `${title(reason.replaceAll('_', ' '))}.`;
  }
}
