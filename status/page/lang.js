// Which language the page speaks: the one that was chosen here, else the first that the
// browser asks for and the page knows. A new language is a file in lang/ and its name here;
// no other one is loaded.

const names = { en: 'English', de: 'Deutsch' };
const place = 'thermostat-language';

const asked = globalThis.document ? navigator.languages : []; // by the browser, the dearest first

export const languages = Object.keys(names);
export let language; // one of them
export let phrases; // its table
export let locale; // how numbers, weekdays and times are written

// useLanguage takes a language, written as the browser wants it.
export async function useLanguage(name, tags = asked) {
  phrases = (await import(`./lang/${name}.js`))[name];
  language = name;
  locale = tags.find((tag) => isOf(tag, name) && isSound(tag)) ?? name;
}

// nameOf gives a language's own name.
export const nameOf = (name) => names[name];

const isOf = (tag, name) => tag.toLowerCase().split('-')[0] === name;

// isSound tells a tag that Intl takes; some browsers let people type theirs.
function isSound(tag) {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false;
  }
}

// firstKnown gives the first language that is asked for and known.
export function firstKnown(tags) {
  return tags.map((tag) => languages.find((name) => isOf(tag, name))).find(Boolean) ?? 'en';
}

// remembered is what was chosen in this browser; where it keeps nothing, nothing.
function remembered() {
  try {
    return languages.find((name) => name === localStorage.getItem(place));
  } catch {
    return undefined;
  }
}

// choose remembers a language and loads the page in it.
export function choose(name) {
  try {
    localStorage.setItem(place, name);
  } catch {
    return; // nothing can be remembered here: the browser's own choice stays
  }
  location.reload();
}

await useLanguage(remembered() ?? firstKnown(asked));

// fill puts the language into a document's texts and labels: data-say and data-label name them.
export function fill(root) {
  for (const e of root.querySelectorAll('[data-say]')) e.textContent = phrases[e.dataset.say];
  for (const e of root.querySelectorAll('[data-label]')) e.ariaLabel = phrases[e.dataset.label];
  for (const e of root.querySelectorAll('template')) fill(e.content);
}
