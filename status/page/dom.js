// What every part of the page needs of the browser: elements, and questions to the agent.

const patience = 30_000; // ms until a change without an answer is given up

// make gives an element with its properties, and data in dataset.
export function make(tag, { data, ...props } = {}, ...children) {
  const e = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key in e) e[key] = value;
    else e.setAttribute(key, value);
  }
  Object.assign(e.dataset, data);
  e.append(...children);
  return e;
}

// button gives a button that does something when it is pressed.
export function button(text, press, props = {}) {
  const b = make('button', { type: 'button', textContent: text, ...props });
  b.addEventListener('click', press);
  return b;
}

// copyOf gives what stands in a template.
export const copyOf = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

// setText leaves a text alone that is the same: a screen reader would say it again.
export function setText(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

// ask asks for a change and gives the agent's answer.
export async function ask(method, url, body) {
  try {
    const r = await fetch(url, {
      method, body: body && JSON.stringify(body), headers: { 'Content-Type': 'application/json' }, signal: AbortSignal.timeout(patience),
    });
    return await r.json();
  } catch {
    return { applied: false, lost: true, reason: 'the agent does not answer' };
  }
}

// chip gives a button that is pressed while something is so.
export const chip = (text, press, props = {}) => button(text, press, { className: 'chip', ariaPressed: 'false', ...props });

let down = false; // a button of the mouse, or a finger's tap on its way
const waiting = []; // for it to be up and its click told
globalThis.addEventListener?.('mousedown', (e) => { down = e.button === 0; }, true); // a menu keeps the end of the others to itself
for (const end of ['mouseup', 'dragend', 'keydown']) globalThis.addEventListener?.(end, () => setTimeout(() => {
  down = false;
  for (const doing of waiting.splice(0)) doing();
}), true);

// onLeave does something once a field is left, and once what was pressed for that has its click: what is entered moves
// or replaces what lies under the finger, and the click would be lost. Who is back in the field by then goes on typing.
export const onLeave = (field, doing) => field.addEventListener('blur', () => {
  if (!down) doing();
  else waiting.push(() => { if (document.activeElement !== field) doing(); });
});

// keepFocus does something, and gives the focus to something else if what has it is gone
// behind that: a keyboard would begin anew.
export function keepFocus(doing, other) {
  const at = document.activeElement, was = at !== document.body && at.checkVisibility();
  doing();
  if (was && !at.checkVisibility() && [at, document.body].includes(document.activeElement)) other()?.focus({ preventScroll: true });
}
