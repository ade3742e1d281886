import type { Money, Tariff, Terms } from '../api/types.ts';
import { decimal } from './format.ts';

/** The terms of an agreement as fields that people type, and back. What has no field of its own is carried along unchanged. */

export type Fields = Record<string, string>;

/** A typed decimal number with a point or a comma; nothing where it is none. At most twelve decimal places. */
export function typedDecimal(text: string): { amount: bigint; scale: number } | null {
  const clean = text.trim().replace(',', '.');
  if (!/^-?\d{1,15}(?:\.\d{1,12})?$/.test(clean)) return null;
  const [whole = '', behind = ''] = clean.split('.');
  return { amount: BigInt(whole + behind), scale: behind.length };
}

/** Typed money in a currency, with at least two decimal places. More than a number of JSON holds exactly is none. */
export function typedMoney(text: string, currency: string, least = 2): Money | null {
  const typed = typedDecimal(text);
  if (!typed) return null;
  const scale = Math.max(least, typed.scale);
  const amount = typed.amount * 10n ** BigInt(scale - typed.scale);
  const fits = amount <= BigInt(Number.MAX_SAFE_INTEGER) && amount >= -BigInt(Number.MAX_SAFE_INTEGER);
  return fits ? { amount: Number(amount), currency, scale } : null;
}

/** A typed percentage in basis points: `97.5` is 9,750. */
export function typedShare(text: string): number | null {
  const typed = typedDecimal(text);
  if (!typed || typed.scale > 2) return null;
  return Number(typed.amount * 10n ** BigInt(2 - typed.scale));
}

const plain = (money: Money) => decimal(money.amount, money.scale);
const percent = (basisPoints: number) => decimal(basisPoints, 2).replace(/\.?0+$/, '');
const TIERS = ['standard', 'gold', 'diamond', 'platinum'] as const;
const WHOLE = ['netting_days', 'due_days', 'dispute_days'] as const;

function energyPrice(tariff: Tariff | undefined): Money | undefined {
  return tariff?.elements.flatMap((element) => element.components).find((component) => component.dimension === 'energy')?.price;
}

export function toFields(terms: Terms): Fields {
  const fields: Fields = {
    home: terms.home,
    visited: terms.visited,
    currency: terms.currency,
    valid_from: terms.valid_from.slice(0, 16),
    valid_until: terms.valid_until.slice(0, 16),
    energy_price: plain(energyPrice(terms.tariffs[0]) ?? { amount: 0, currency: terms.currency, scale: 2 }),
    floor: plain(terms.corridor.floor),
    cap: plain(terms.corridor.cap),
    min_load: percent(terms.load_band.min_bps),
    max_load: percent(terms.load_band.max_bps),
    energy_per_charge: decimal(terms.caps.energy_per_charge_mwh, 6).replace(/\.?0+$/, ''),
    amount_per_charge: plain(terms.caps.amount_per_charge),
    exposure: plain(terms.caps.exposure),
    split_home: percent(terms.split.home_bps),
    split_visited: percent(terms.split.visited_bps),
    split_owner: percent(terms.split.owner_bps),
    interest: percent(terms.interest_bps),
  };
  for (const tier of TIERS) fields[`discount_${tier}`] = percent(terms.tiers.find((one) => one.tier === tier)?.discount_bps ?? 0);
  for (const name of WHOLE) fields[name] = String(terms[name]);
  return fields;
}

/** The terms that the fields say, with everything else from `base`; or which fields cannot be read. */
export function fromFields(fields: Fields, base: Terms): { terms: Terms } | { wrong: string[] } {
  const wrong: string[] = [];
  const text = (name: string) => (fields[name] ?? '').trim();
  const read = <T>(name: string, value: T | null): T => {
    if (value === null) wrong.push(name);
    return value as T;
  };
  const currency = text('currency').toUpperCase();
  if (!/^[A-Z]{3}$/.test(currency)) wrong.push('currency');
  const money = (name: string) => read(name, typedMoney(text(name), currency));
  const shareOf = (name: string) => read(name, typedShare(text(name)));
  const whole = (name: string) => read(name, /^\d{1,5}$/.test(text(name)) ? Number(text(name)) : null);
  const time = (name: string) => read(name, /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(text(name)) ? `${text(name)}:00.000Z` : null);
  const energy = (name: string) => {
    const typed = typedDecimal(text(name));
    return read(name, typed && typed.scale <= 6 ? Number(typed.amount * 10n ** BigInt(6 - typed.scale)) : null);
  };
  const price = money('energy_price');
  const terms: Terms = {
    ...base,
    home: text('home'),
    visited: text('visited'),
    currency,
    valid_from: time('valid_from'),
    valid_until: time('valid_until'),
    tariffs: base.tariffs.map((tariff, index) => (index === 0 ? priced(tariff, price) : tariff)),
    corridor: { floor: money('floor'), cap: money('cap') },
    load_band: { min_bps: shareOf('min_load'), max_bps: shareOf('max_load') },
    caps: { energy_per_charge_mwh: energy('energy_per_charge'), amount_per_charge: money('amount_per_charge'), exposure: money('exposure') },
    split: { home_bps: shareOf('split_home'), visited_bps: shareOf('split_visited'), owner_bps: shareOf('split_owner') },
    interest_bps: shareOf('interest'),
    netting_days: whole('netting_days'),
    due_days: whole('due_days'),
    dispute_days: whole('dispute_days'),
    tiers: discounts(fields, base, shareOf),
  };
  for (const name of ['home', 'visited']) if (text(name) === '') wrong.push(name);
  return wrong.length > 0 ? { wrong } : { terms };
}

/** The first energy price is the one that the form shows; prices at other times or powers keep what they were. */
function priced(tariff: Tariff, price: Money): Tariff {
  let done = false;
  const elements = tariff.elements.map((element) => ({
    ...element,
    components: element.components.map((component) => {
      if (done || component.dimension !== 'energy') return component;
      done = true;
      return { ...component, price };
    }),
  }));
  return { ...tariff, elements };
}

/** A tier without a discount that the base does not name either stays unnamed. */
function discounts(fields: Fields, base: Terms, shareOf: (name: string) => number): Terms['tiers'] {
  return TIERS.flatMap((tier) => {
    const before = base.tiers.find((one) => one.tier === tier);
    if (fields[`discount_${tier}`] === undefined) return before ? [before] : [];
    const discount = shareOf(`discount_${tier}`);
    if (!before && discount === 0) return [];
    return [{ tier, discount_bps: discount, home_bears_bps: before?.home_bears_bps ?? 0 }];
  });
}

/** Terms to begin with where there is no agreement to begin from: one energy price, no load, half a year. */
export function freshTerms(home: string, visited: string, now: Date): Terms {
  const day = 86_400_000;
  const time = (after: number) => new Date(now.getTime() + after * day).toISOString();
  const money = (amount: number, scale = 2): Money => ({ amount, currency: 'USD', scale });
  return {
    version: 1,
    home,
    visited,
    currency: 'USD',
    valid_from: time(0),
    valid_until: time(180),
    tariffs: [
      {
        id: 'roaming-1',
        elements: [{ components: [{ dimension: 'energy', price: money(40), vat_ppm: null, step_size: 1 }], restrictions: null }],
        min_price: null,
        max_price: null,
        valid_from: null,
        valid_until: null,
        sales_taxes: [],
      },
    ],
    corridor: { floor: money(20), cap: money(60) },
    load_band: { min_bps: 9_000, max_bps: 12_500 },
    caps: { energy_per_charge_mwh: 150_000_000, amount_per_charge: money(15_000), exposure: money(500_000) },
    tiers: [],
    split: { home_bps: 1_000, visited_bps: 7_000, owner_bps: 2_000 },
    hold_ttl_ms: day,
    netting_days: 1,
    due_days: 14,
    interest_bps: 300,
    dispute_days: 14,
    notice_days: null,
    session_caps: null,
    service: null,
    collateral: null,
    model: null,
    rule: null,
    rule_fuel: null,
    annex_hash: null,
    split_rule: null,
    forecast: null,
  };
}
