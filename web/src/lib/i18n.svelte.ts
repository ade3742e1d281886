import { FluentBundle, FluentResource, type FluentVariable } from '@fluent/bundle';
import { negotiateLanguages } from '@fluent/langneg';

/**
 * Words in the reader's language, from the message files that the terminal and the bill read as well (`messages/` at the root).
 * A page names its files once, in `start`; the language may change at any time and every text follows.
 */

/** Languages there are, each with its own name for itself. */
export const LANGUAGES: Record<string, string> = { en: 'English', es: 'Español', de: 'Deutsch' };

/**
 * A language for tests only (`?language=qps-rtl`): English, mirrored and written from right to left, so that a layout that assumes a
 * direction shows itself without a translation.
 */
export const MIRRORED = 'qps-rtl';

const STORED = 'fairway-language';

/** Texts of one page's files in one language: file name to its text. */
export type Messages = Record<string, () => Promise<string>>;

let language = $state('en');
let mirrored = $state(false);
let bundles: FluentBundle[] = $state.raw([]);
let files: { all: Messages; names: readonly string[] } = { all: {}, names: [] };

/** The language that numbers and dates are written in. */
export function locale(): string {
  return language;
}

/** What the language menu shows as chosen. */
export function chosen(): string {
  return mirrored ? MIRRORED : language;
}

function wanted(): string[] {
  const asked = new URLSearchParams(location.search).get('language');
  return [asked, stored(), ...navigator.languages].filter((code) => code !== null);
}

function stored(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    // Storage may be forbidden; the language then lasts as long as the page.
    return null;
  }
}

/** Begins and ends a text that runs from right to left whatever its letters are. */
const [OVERRIDE, END] = [String.fromCodePoint(0x202e), String.fromCodePoint(0x202c)];

/** Forces a text to run from right to left; its letters stay, so that one finds one's way. */
function mirror(text: string): string {
  return OVERRIDE + text + END;
}

async function load(code: string): Promise<FluentBundle> {
  const bundle = new FluentBundle(code, mirrored ? { useIsolating: true, transform: mirror } : { useIsolating: false });
  // All at once: one after the other, each would wait for the one before.
  const texts = await Promise.all(files.names.map((name) => files.all[`../../../messages/${code}/${name}.ftl`]?.()));
  for (const [at, name] of files.names.entries()) {
    const text = texts[at];
    if (text === undefined) throw new Error(`messages/${code}/${name}.ftl is missing`);
    const flaws = bundle.addResource(new FluentResource(text));
    for (const flaw of flaws) console.error(`messages/${code}/${name}.ftl:`, flaw);
  }
  return bundle;
}

/** Switches to a language and remembers it. */
export async function speak(code: string, remember = true): Promise<void> {
  mirrored = code === MIRRORED;
  const real = mirrored || !(code in LANGUAGES) ? 'en' : code;
  const made = await Promise.all((real === 'en' ? ['en'] : [real, 'en']).map(load));
  language = real;
  bundles = made;
  document.documentElement.lang = real;
  document.documentElement.dir = mirrored ? 'rtl' : 'ltr';
  if (!remember) return;
  try {
    localStorage.setItem(STORED, code);
  } catch {
    // As above: nothing is lost but the memory.
  }
}

/**
 * Loads a page's messages. `all` comes from a glob in the page's own `messages.ts`, so that a page carries no other page's words.
 */
export async function start(all: Messages, names: readonly string[]): Promise<void> {
  files = { all, names };
  const asked = wanted();
  const found = asked.includes(MIRRORED)
    ? MIRRORED
    : (negotiateLanguages(asked, Object.keys(LANGUAGES), { defaultLocale: 'en', strategy: 'lookup' })[0] ?? 'en');
  // A language that the address asks for stays chosen on the next page.
  await speak(found, found !== MIRRORED && asked[0] === found && new URLSearchParams(location.search).has('language'));
}

/** The text of a message; the message's own name where no language has it, and a line in the console that makes a test fail. */
export function t(id: string, values?: Record<string, FluentVariable>): string {
  for (const bundle of bundles) {
    const message = bundle.getMessage(id);
    if (!message?.value) continue;
    const flaws: Error[] = [];
    const text = bundle.formatPattern(message.value, values, flaws);
    for (const flaw of flaws) console.error(`message ${id}:`, flaw.message);
    return text;
  }
  if (bundles.length > 0) console.error(`no message ${id}`);
  return id;
}

/** The text of a message whose name is made from data, or `otherwise` where there is none. */
export function known(id: string, otherwise: string): string {
  return bundles.some((bundle) => bundle.hasMessage(id)) ? t(id) : otherwise;
}
