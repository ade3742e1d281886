import type { SaidValue } from '../api/types.ts';

/** Sentences that the API tells as a code and values: the page's message has the words, and every value is shown as the page shows its kind. */

/** Private-use letters that no text has: a value's name stands between them where the value belongs. */
const [OPEN, CLOSE] = ['\ue000', '\ue001'];
const MARKED = /\ue000([^\ue001]*)\ue001/;

/** What a message is formatted with: for each value the mark of its place; counts as numbers, because words follow them. */
export function marks(values: Record<string, SaidValue>): Record<string, string | number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.kind === 'count' ? value.count : OPEN + name + CLOSE]));
}

/** The words of a formatted message, and the values between them, in order. */
export function parts(text: string, values: Record<string, SaidValue>): (string | SaidValue)[] {
  const pieces = text.split(MARKED).map((piece, at) => (at % 2 === 0 ? piece : (values[piece] ?? '')));
  return pieces.filter((piece) => piece !== '');
}
