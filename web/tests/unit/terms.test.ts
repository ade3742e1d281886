import { expect, test } from 'vitest';
import { freshTerms, fromFields, toFields, typedMoney, typedShare } from '../../src/lib/terms.ts';

const base = freshTerms('US*ALP', 'US*DUK', new Date('2026-11-16T00:00:00Z'));

test('typed_numbers_are_read_exactly', () => {
  expect(typedMoney('12,5', 'USD')).toEqual({ amount: 1_250, currency: 'USD', scale: 2 });
  expect(typedMoney('0.3675', 'USD')).toEqual({ amount: 3_675, currency: 'USD', scale: 4 });
  expect(typedMoney('12.5.1', 'USD')).toBeNull();
  expect(typedMoney('1e5', 'USD')).toBeNull();
  expect(typedMoney('99999999999999.999', 'USD')).toBeNull();
  expect(typedShare('97.5')).toBe(9_750);
  expect(typedShare('1.234')).toBeNull();
});

test('terms_come_back_from_their_fields', () => {
  const read = fromFields(toFields(base), base);
  expect(read).toEqual({ terms: base });
});

test('only_what_was_typed_changes', () => {
  const read = fromFields({ ...toFields(base), energy_price: '0.45', cap: '0.55' }, base);
  if (!('terms' in read)) throw new Error(`not read: ${read.wrong.join()}`);
  expect(read.terms.tariffs[0]?.elements[0]?.components[0]?.price).toEqual({ amount: 45, currency: 'USD', scale: 2 });
  expect(read.terms.corridor.cap.amount).toBe(55);
  expect({ ...read.terms, tariffs: base.tariffs, corridor: base.corridor }).toEqual(base);
});

test('every_field_that_cannot_be_read_is_named', () => {
  const read = fromFields({ ...toFields(base), cap: 'much', due_days: '-1', valid_until: '2026' }, base);
  expect('wrong' in read && read.wrong.sort()).toEqual(['cap', 'due_days', 'valid_until']);
});
