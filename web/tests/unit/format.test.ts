import { expect, test } from 'vitest';
import { decimal, energy, money, month, scaled, share, span } from '../../src/lib/format.ts';
import { coins, less, sums } from '../../src/lib/sums.ts';

const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

test('amounts_are_exact_at_any_size', () => {
  expect(decimal(842, 2)).toBe('8.42');
  expect(decimal(-5, 2)).toBe('-0.05');
  expect(decimal('9007199254740993', 6)).toBe('9007199254.740993');
  expect(decimal(7, 0)).toBe('7');
});

test('money_keeps_the_currency_s_places_and_its_own', () => {
  const usd = (amount: number, scale: number) => ({ amount, currency: 'USD', scale });
  expect(money('en', usd(842, 2))).toBe('$8.42');
  expect(money('en', usd(3_990, 4))).toBe('$0.399');
  expect(money('en', usd(4_000, 4))).toBe('$0.40');
  expect(plain(money('de', usd(123_456, 2)))).toBe('1.234,56 $');
  expect(money('en', { amount: 500, currency: 'JPY', scale: 0 })).toBe('¥500');
  expect(plain(money('en', { amount: 1_234, currency: 'KWD', scale: 3 }))).toBe('KWD 1.234');
  expect(money('en', usd(100, 2), 'always')).toBe('+$1.00');
});

test('money_of_no_currency_is_shown_as_it_came', () => {
  expect(money('en', { amount: 5, currency: 'no currency', scale: 0 })).toBe('5 no currency');
});

test('energy_shares_and_spans_have_their_units', () => {
  expect(plain(energy('en', 12_340_000))).toBe('12.34 kWh');
  expect(plain(energy('es', 12_340_000))).toBe('12,34 kWh');
  expect(scaled('en', '100000000', 6, 2, 2)).toBe('100.00');
  expect(share('en', 9_487)).toBe('94.9%');
  expect(span('en', 220)).toBe('220ms');
  expect(plain(span('en', 90_000))).toBe('1m 30s');
  expect(month('en', '2026-11')).toBe('November 2026');
});

test('whole_coins_round_halves_away_from_zero', () => {
  const usd = (amount: number | string, scale: number) => ({ amount, currency: 'USD', scale });
  expect(coins(usd(5_788_783, 6))).toEqual(usd('579', 2));
  expect(coins(usd(-5_000, 6))).toEqual(usd('-1', 2));
  expect(coins(usd(-4_999, 6))).toEqual(usd('0', 2));
  expect(coins(usd(842, 2))).toEqual(usd(842, 2));
  expect(coins({ amount: 1_500_000, currency: 'JPY', scale: 6 })).toEqual({ amount: '2', currency: 'JPY', scale: 0 });
});

test('sums_of_money_are_exact_at_any_scale_and_keep_currencies_apart', () => {
  const of = (amount: number | string, scale: number, currency = 'USD') => ({ amount, scale, currency });
  expect(sums([of(150, 2), of('9007199254740993', 6), of(7, 0, 'JPY'), of(-1, 6)])).toEqual([of('9007199256240992', 6), of('7', 0, 'JPY')]);
  expect(sums([of(5, 0)], 2)).toEqual([of('500', 2)]);
  expect(sums([])).toEqual([]);
  expect(less(of(1, 2), of(1, 6))).toEqual(of('9999', 6));
});
