import { readFileSync } from 'node:fs';
import { FluentBundle, FluentResource } from '@fluent/bundle';
import { expect, test } from 'vitest';
import type { SaidValue } from '../../src/api/types.ts';
import { marks, parts } from '../../src/lib/said.ts';

function say(language: string, id: string, values: Record<string, SaidValue>) {
  const bundle = new FluentBundle(language, { useIsolating: false });
  bundle.addResource(new FluentResource(readFileSync(new URL(`../../../messages/${language}/story.ftl`, import.meta.url), 'utf8')));
  const message = bundle.getMessage(id);
  if (!message?.value) throw new Error(`${language}: no ${id}`);
  const flaws: Error[] = [];
  const text = bundle.formatPattern(message.value, marks(values), flaws);
  expect(flaws).toEqual([]);
  return parts(text, values);
}

const round: SaidValue = { kind: 'count', count: 2 };
const load: SaidValue = { kind: 'share', bps: 9_750 };
const home: SaidValue = { kind: 'member', id: 'US*ALP', name: null };
const session: SaidValue = { kind: 'session', id: 'ses_07' };

test('values_stand_where_the_language_puts_them', () => {
  expect(say('de', 'hop-said-offer-proposed', { round, load })).toEqual(['Runde 2: Angebot vorgelegt, Energie zu ', load, ' der Tarifpreise']);
  expect(say('es', 'hop-said-decoded', { home, session })).toEqual(['la compañía propia es ', home, '; esta carga es ', session]);
  expect(say('en', 'hop-said-given-up', { why: { kind: 'refusal', code: 'no-offer', text: null } })).toEqual([{ kind: 'refusal', code: 'no-offer', text: null }]);
  expect(say('es', 'hop-said-hold-placed', {})).toEqual(['el importe queda retenido']);
});

test('the_text_of_a_value_is_never_read_as_a_mark', () => {
  const strange: SaidValue = { kind: 'text', text: '\ue000home\ue001 { $home }' };
  expect(say('en', 'hop-said-began', { transaction: strange })).toEqual(['transaction ', strange, ' began']);
});
