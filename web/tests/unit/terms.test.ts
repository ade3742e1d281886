import { readFileSync } from 'node:fs';
import { beforeAll, expect, test, vi } from 'vitest';
import type { Tariff, Terms } from '../../src/api/types.ts';
import { changes, said } from '../../src/console/said.ts';
import { start } from '../../src/lib/i18n.svelte.ts';
import { tariff, tariffFields } from '../../src/lib/tariff.ts';
import { freshTerms, fromFields, toFields, type Typed } from '../../src/lib/terms.ts';
import { typedClock, typedDate, typedMoney, typedShare } from '../../src/lib/typed.ts';

const base = freshTerms('US*ALP', 'US*DUK', new Date('2026-11-16T00:00:37.500Z'));
const usd = (amount: number, scale = 2) => ({ amount, currency: 'USD', scale });

// The lines are words, so the words of the console are loaded as a page does.
beforeAll(async () => {
  vi.stubGlobal('location', { search: '?language=en' });
  vi.stubGlobal('document', { documentElement: {} });
  vi.stubGlobal('navigator', { languages: ['en'] });
  const names = ['common', 'story', 'console', 'terms'];
  const text = (name: string) => () => Promise.resolve(readFileSync(new URL(`../../../messages/en/${name}.ftl`, import.meta.url), 'utf8'));
  await start(Object.fromEntries(names.map((name) => [`../../../messages/en/${name}.ftl`, text(name)])), names);
});

/** A tariff with everything that one can have. */
const whole: Tariff = {
  id: 'evening',
  elements: [
    {
      components: [
        { dimension: 'energy', price: usd(3675, 4), vat_ppm: 60_000, step_size: 100 },
        { dimension: 'parking_time', price: usd(600), vat_ppm: null, step_size: 300 },
      ],
      restrictions: {
        start_minute: 960,
        end_minute: 1_440,
        start_day: 20_000,
        end_day: 21_000,
        min_energy_mwh: 1_500_000,
        max_energy_mwh: 90_000_000,
        min_current_ma: 6_000,
        max_current_ma: 32_500,
        min_power_w: 11_000,
        max_power_w: 350_000,
        min_duration_s: 90,
        max_duration_s: 7_200,
        days: 31,
        reservation: true,
      },
    },
    { components: [{ dimension: 'flat', price: usd(50), vat_ppm: null, step_size: 1 }], restrictions: null },
  ],
  min_price: { before_taxes: usd(100), after_taxes: usd(106) },
  max_price: { before_taxes: usd(9_000), after_taxes: null },
  valid_from: '2026-12-01T00:00:00.000Z',
  valid_until: null,
  sales_taxes: [{ name: 'State', rate_ppm: 42_500, on: ['energy'] }],
};

/** Terms that use every part of an agreement. */
const full: Terms = {
  ...base,
  tariffs: [whole, base.tariffs[0] as Tariff],
  tiers: [{ tier: 'gold', discount_bps: 525, home_bears_bps: 5_000 }],
  split_rule: { kind: 'shapley', costs: { energy_per_kwh: usd(10), network_per_kwh: usd(5), per_charge: usd(10) }, ad_hoc: { price_per_kwh: usd(30), chance_bps: 5_000 }, alone: null },
  session_caps: { concurrent: 3, per_day: null },
  service: { least_served_bps: 9_500, penalty: usd(500), penalty_cap: usd(50_000), answer_hours: 24 },
  collateral: usd(100_000),
  notice_days: 30,
  model: 'a'.repeat(64),
  rule: 'b'.repeat(64),
  rule_fuel: 100_000,
  annex_hash: 'c'.repeat(64),
  forecast: { curve: [{ level: 500, bps: 9_000 }, { level: 955, bps: 12_050 }], step_bps: 1_000, notice_hours: 14, skill_days: 30, weekday_bps: Array.from({ length: 24 }, (_, hour) => (hour < 16 ? 9_500 : 11_000)), weekend_bps: Array(24).fill(10_000), spare: 'd'.repeat(64), stake: usd(10_000) },
};

test('typed_numbers_are_read_exactly', () => {
  expect(typedMoney('12,5', 'USD')).toEqual({ amount: 1_250, currency: 'USD', scale: 2 });
  expect(typedMoney('0.3675', 'USD')).toEqual({ amount: 3_675, currency: 'USD', scale: 4 });
  expect(typedMoney('12.5.1', 'USD')).toBeNull();
  expect(typedMoney('1e5', 'USD')).toBeNull();
  expect(typedMoney('99999999999999.999', 'USD')).toBeNull();
  expect(typedShare('97.5')).toBe(9_750);
  expect(typedShare('1.234')).toBeNull();
  expect([typedClock('16:05'), typedClock('24:00'), typedClock('24:01'), typedClock('7')]).toEqual([965, 1_440, null, null]);
  expect([typedDate('1970-01-02'), typedDate('2026-02-30x')]).toEqual([1, null]);
});

test('terms_come_back_from_their_fields', () => {
  for (const terms of [base, full]) expect(fromFields(toFields(terms), terms)).toEqual({ terms });
});

test('a_tariff_comes_back_whole', () => {
  const wrong: string[] = [];
  const read = <T>(name: string, value: T | null): T => {
    if (value === null) wrong.push(name);
    return value as T;
  };
  expect(tariff(tariffFields(whole), 'tariffs.0', 'USD', read)).toEqual(whole);
  expect(wrong).toEqual([]);
});

test('only_what_was_typed_changes', () => {
  const typed: Typed = toFields(base);
  typed.fields['cap'] = '0.55';
  const component = typed.tariffs[0]?.elements[0]?.components[0];
  if (component) component.price = '0.45';
  const read = fromFields(typed, base);
  if (!('terms' in read)) throw new Error(`not read: ${read.wrong.join()}`);
  expect(read.terms.tariffs[0]?.elements[0]?.components[0]?.price).toEqual({ amount: 45, currency: 'USD', scale: 2 });
  expect(read.terms.corridor.cap.amount).toBe(55);
  expect({ ...read.terms, tariffs: base.tariffs, corridor: base.corridor }).toEqual(base);
});

test('every_field_that_cannot_be_read_is_named', () => {
  const typed = toFields(full);
  Object.assign(typed.fields, { cap: 'much', due_days: '-1', valid_until: '2026', forecast_weekday: '100 100', model: 'short' });
  const element = typed.tariffs[0]?.elements[0];
  if (element) {
    element.when.from = '25:00';
    element.when.max_power = 'fast';
    (element.components[1] ?? { step: '' }).step = 'x';
  }
  (typed.tariffs[0] ?? { min_before: '' }).min_before = '';
  const read = fromFields(typed, full);
  expect('wrong' in read && read.wrong.sort()).toEqual([
    'cap',
    'due_days',
    'forecast_weekday',
    'model',
    'tariffs.0.elements.0.components.1.step',
    'tariffs.0.elements.0.when.from',
    'tariffs.0.elements.0.when.max_power',
    'tariffs.0.min_before',
    'valid_until',
  ]);
});

test('every_change_of_the_terms_is_a_line', () => {
  expect(changes(said(full), said(full))).toEqual([]);
  const typed = toFields(full);
  const before = said(full);
  // Whatever single field is changed, some line says so.
  const changed: Record<string, string> = { valid_from: '2026-12-24T00:00', valid_until: '2027-12-24T00:00', split_rule: '', rule_fuel: '7', hold_hours: '5', forecast: '', forecast_curve: '50:91', model: 'e'.repeat(64), rule: 'e'.repeat(64), annex_hash: 'e'.repeat(64), forecast_spare: '' };
  const skipped = /^(?:home|visited|currency|alone_|split_rule$|bears_(?!gold)|forecast_(?:weekday|weekend)$)/;
  for (const name of Object.keys(typed.fields).filter((one) => !skipped.test(one) && (typed.fields[one] ?? '') !== '')) {
    const other = structuredClone(typed);
    other.fields[name] = changed[name] ?? '1.5';
    let read = fromFields(other, full);
    if ('wrong' in read) {
      other.fields[name] = '17';
      read = fromFields(other, full);
    }
    if ('wrong' in read) throw new Error(`${name}: ${read.wrong.join()}`);
    expect(changes(before, said(read.terms)).length, name).toBeGreaterThan(0);
  }
  const tariffs = structuredClone(full);
  tariffs.tariffs.pop();
  expect(changes(before, said(tariffs)).every((line) => line.after === '')).toBe(true);
});
