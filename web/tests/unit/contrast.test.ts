import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** WCAG 2.2: text 4.5 to 1, marks and edges of controls 3 to 1. */
const css = readFileSync(new URL('../../src/styles/tokens.css', import.meta.url), 'utf8');
const colours = Object.fromEntries(
  [...css.matchAll(/--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map((found) => [found[1], [found[2], found[3]]]),
) as Record<string, [string, string]>;

function light(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.212_6 * red + 0.715_2 * green + 0.072_2 * blue;
}

function contrast(one: string, other: string): number {
  const [a, b] = [light(one), light(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

const GROUNDS = ['page', 'surface', 'raised'];
const PAIRS: [string, string, number][] = [
  ...GROUNDS.flatMap((ground): [string, string, number][] => ['text', 'quiet', 'accent', 'accent-hover', 'bad'].map((text) => [text, ground, 4.5])),
  ['good', 'surface', 4.5],
  ['good', 'page', 4.5],
  ...['good', 'warn', 'bad', 'accent'].map((tone): [string, string, number] => [tone, `${tone}-soft`, 4.5]),
  ...['good', 'warn', 'bad', 'accent'].map((tone): [string, string, number] => ['text', `${tone}-soft`, 4.5]),
  ['on-accent', 'accent', 4.5],
  ['on-accent', 'accent-hover', 4.5],
  ...GROUNDS.map((ground): [string, string, number] => ['edge', ground, 3]),
  ...GROUNDS.map((ground): [string, string, number] => ['focus', ground, 3]),
  ...['chart-1', 'chart-2', 'chart-3'].map((line): [string, string, number] => [line, 'surface', 3]),
];

test('every_pair_of_colours_is_readable_in_light_and_dark', () => {
  const failing = PAIRS.flatMap(([front, ground, least]) => {
    const [one, other] = [colours[front], colours[ground]];
    if (!one || !other) return [`${front} or ${ground} is no token`];
    return [0, 1].flatMap((mode) => {
      const found = contrast(one[mode] ?? '', other[mode] ?? '');
      return found < least ? [`${front} on ${ground}, ${mode === 0 ? 'light' : 'dark'}: ${found.toFixed(2)} < ${least}`] : [];
    });
  });
  expect(failing).toEqual([]);
});
