import type { ForecastTerms, Money, SplitRule, Terms } from '../api/types.ts';
import { tariff, tariffFields, type Read, type TariffFields } from './tariff.ts';
import { plainMoney, plainScaled, plainShare, typedHash, typedMoment, typedMoney, typedScaled, typedShare, typedWhole } from './typed.ts';

/** The terms of an agreement as fields that people type, and back. */

/** Fields by name. */
export type Fields = Record<string, string>;

/** Everything that is typed: plain fields, and tariffs, whose parts come and go. */
export interface Typed {
  fields: Fields;
  tariffs: TariffFields[];
}

export const TIERS = ['standard', 'gold', 'diamond', 'platinum'] as const;
/** Names of the costs and amounts of a split rule, by its kind. */
export const SPLIT_COSTS = ['energy_per_kwh', 'network_per_kwh', 'per_charge'] as const;
export const SPLIT_ALONE = ['home_per_kwh', 'visited_per_kwh', 'owner_per_kwh'] as const;
const WHOLE = ['netting_days', 'due_days', 'dispute_days'] as const;
const HASHES = ['model', 'rule', 'annex_hash'] as const;
const HOUR = 3_600_000;

const optional = (money: Money | null | undefined): string => (money ? plainMoney(money) : '');
const number = (value: number | null | undefined): string => (value === null || value === undefined ? '' : String(value));

export function toFields(terms: Terms): Typed {
  const fields: Fields = {
    home: terms.home,
    visited: terms.visited,
    currency: terms.currency,
    valid_from: terms.valid_from.slice(0, 16),
    valid_until: terms.valid_until.slice(0, 16),
    floor: plainMoney(terms.corridor.floor),
    cap: plainMoney(terms.corridor.cap),
    min_load: plainShare(terms.load_band.min_bps),
    max_load: plainShare(terms.load_band.max_bps),
    energy_per_charge: plainScaled(terms.caps.energy_per_charge_mwh, 6),
    amount_per_charge: plainMoney(terms.caps.amount_per_charge),
    exposure: plainMoney(terms.caps.exposure),
    concurrent: number(terms.session_caps?.concurrent),
    per_day: number(terms.session_caps?.per_day),
    collateral: optional(terms.collateral),
    hold_hours: plainHours(terms.hold_ttl_ms),
    split_home: plainShare(terms.split.home_bps),
    split_visited: plainShare(terms.split.visited_bps),
    split_owner: plainShare(terms.split.owner_bps),
    interest: plainShare(terms.interest_bps),
    notice_days: number(terms.notice_days),
    service_least: terms.service ? plainShare(terms.service.least_served_bps) : '',
    service_penalty: optional(terms.service?.penalty),
    service_cap: optional(terms.service?.penalty_cap),
    service_hours: number(terms.service?.answer_hours),
    rule_fuel: number(terms.rule_fuel),
    ...splitFields(terms.split_rule),
    ...forecastFields(terms.forecast),
  };
  for (const tier of TIERS) {
    const known = terms.tiers.find((one) => one.tier === tier);
    fields[`discount_${tier}`] = plainShare(known?.discount_bps ?? 0);
    fields[`bears_${tier}`] = plainShare(known?.home_bears_bps ?? 0);
  }
  for (const name of WHOLE) fields[name] = String(terms[name]);
  for (const name of HASHES) fields[name] = terms[name] ?? '';
  return { fields, tariffs: terms.tariffs.map(tariffFields) };
}

function plainHours(milliseconds: number): string {
  return String(Number((milliseconds / HOUR).toFixed(4)));
}

function splitFields(rule: SplitRule | null | undefined): Fields {
  const fields: Fields = { split_rule: rule?.kind ?? '', ad_hoc_price: optional(rule?.ad_hoc?.price_per_kwh), ad_hoc_chance: rule?.ad_hoc ? plainShare(rule.ad_hoc.chance_bps) : '' };
  for (const name of SPLIT_COSTS) fields[`cost_${name}`] = optional(rule?.costs[name]);
  for (const name of SPLIT_ALONE) fields[`alone_${name}`] = optional(rule?.alone?.[name]);
  return fields;
}

function forecastFields(of: ForecastTerms | null | undefined): Fields {
  return {
    forecast: of ? 'yes' : '',
    forecast_curve: of?.curve.map((point) => `${plainScaled(point.level, 1)}:${plainShare(point.bps)}`).join(' ') ?? '',
    forecast_step: of ? plainShare(of.step_bps) : '',
    forecast_notice: number(of?.notice_hours),
    forecast_skill: number(of?.skill_days),
    forecast_weekday: of?.weekday_bps.map(plainShare).join(' ') ?? '',
    forecast_weekend: of?.weekend_bps.map(plainShare).join(' ') ?? '',
    forecast_spare: of?.spare ?? '',
    forecast_stake: optional(of?.stake),
  };
}

/** What reading fields needs. */
interface Reader {
  text: (name: string) => string;
  read: Read;
  currency: string;
}

const share = (of: Reader, name: string): number => of.read(name, typedShare(of.text(name)));
const whole = (of: Reader, name: string): number => of.read(name, typedWhole(of.text(name)));
const money = (of: Reader, name: string): Money => of.read(name, typedMoney(of.text(name), of.currency));
const maybe = <T>(of: Reader, name: string, then: (of: Reader, name: string) => T): T | null => (of.text(name) === '' ? null : then(of, name));

/** A moment; one that nobody touched keeps its seconds. */
function moment(of: Reader, name: string, before: string): string {
  return of.text(name) === before.slice(0, 16) ? before : of.read(name, typedMoment(of.text(name)));
}

/** The terms that the fields say, with the version and whatever else from `base`; or which fields cannot be read. */
export function fromFields(typed: Typed, base: Terms): { terms: Terms } | { wrong: string[] } {
  const wrong: string[] = [];
  const text = (name: string) => (typed.fields[name] ?? '').trim();
  const read = <T>(name: string, value: T | null): T => {
    if (value === null) wrong.push(name);
    return value as T;
  };
  const of: Reader = { text, read, currency: text('currency').toUpperCase() };
  if (!/^[A-Z]{3}$/.test(of.currency)) wrong.push('currency');
  for (const name of ['home', 'visited']) if (text(name) === '') wrong.push(name);
  const terms: Terms = {
    ...base,
    home: text('home'),
    visited: text('visited'),
    currency: of.currency,
    valid_from: moment(of, 'valid_from', base.valid_from),
    valid_until: moment(of, 'valid_until', base.valid_until),
    tariffs: typed.tariffs.map((one, index) => tariff(one, `tariffs.${index}`, of.currency, read)),
    corridor: { floor: money(of, 'floor'), cap: money(of, 'cap') },
    load_band: { min_bps: share(of, 'min_load'), max_bps: share(of, 'max_load') },
    caps: { energy_per_charge_mwh: read('energy_per_charge', typedScaled(text('energy_per_charge'), 6)), amount_per_charge: money(of, 'amount_per_charge'), exposure: money(of, 'exposure') },
    tiers: tiers(of, base),
    split: { home_bps: share(of, 'split_home'), visited_bps: share(of, 'split_visited'), owner_bps: share(of, 'split_owner') },
    split_rule: splitRule(of),
    hold_ttl_ms: text('hold_hours') === plainHours(base.hold_ttl_ms) ? base.hold_ttl_ms : hours(of, 'hold_hours'),
    netting_days: whole(of, 'netting_days'),
    due_days: whole(of, 'due_days'),
    interest_bps: share(of, 'interest'),
    dispute_days: whole(of, 'dispute_days'),
    notice_days: maybe(of, 'notice_days', whole),
    session_caps: sessionCaps(of),
    service: service(of),
    collateral: maybe(of, 'collateral', money),
    model: maybe(of, 'model', hash),
    rule: maybe(of, 'rule', hash),
    rule_fuel: maybe(of, 'rule_fuel', whole),
    annex_hash: maybe(of, 'annex_hash', hash),
    forecast: text('forecast') === '' ? null : forecast(of),
  };
  return wrong.length > 0 ? { wrong } : { terms };
}

const hash = (of: Reader, name: string): string => of.read(name, typedHash(of.text(name)));

function hours(of: Reader, name: string): number {
  const typed = of.read(name, typedScaled(of.text(name), 4));
  return Math.round((typed * HOUR) / 10_000);
}

function sessionCaps(of: Reader): NonNullable<Terms['session_caps']> | null {
  const caps = { concurrent: maybe(of, 'concurrent', whole), per_day: maybe(of, 'per_day', whole) };
  return caps.concurrent === null && caps.per_day === null ? null : caps;
}

/** All four or none. */
function service(of: Reader): NonNullable<Terms['service']> | null {
  const names = ['service_least', 'service_penalty', 'service_cap', 'service_hours'];
  if (names.every((name) => of.text(name) === '')) return null;
  return { least_served_bps: share(of, 'service_least'), penalty: money(of, 'service_penalty'), penalty_cap: money(of, 'service_cap'), answer_hours: whole(of, 'service_hours') };
}

/** A tier without a discount that the base does not name either stays unnamed. */
function tiers(of: Reader, base: Terms): Terms['tiers'] {
  return TIERS.flatMap((tier) => {
    const before = base.tiers.find((one) => one.tier === tier);
    const row = { tier, discount_bps: share(of, `discount_${tier}`), home_bears_bps: share(of, `bears_${tier}`) };
    return before || row.discount_bps > 0 ? [row] : [];
  });
}

function splitRule(of: Reader): SplitRule | null {
  const kind = of.text('split_rule');
  if (kind !== 'shapley' && kind !== 'nash') return null;
  const amounts = <N extends string>(prefix: string, names: readonly N[]) => Object.fromEntries(names.map((name) => [name, money(of, `${prefix}_${name}`)])) as Record<N, Money>;
  const costs = amounts('cost', SPLIT_COSTS);
  if (kind === 'nash') return { kind, costs, ad_hoc: null, alone: amounts('alone', SPLIT_ALONE) };
  return { kind, costs, ad_hoc: { price_per_kwh: money(of, 'ad_hoc_price'), chance_bps: share(of, 'ad_hoc_chance') }, alone: null };
}

const words = (text: string): string[] => text.split(/[\s;]+/).filter(Boolean);

/** Twenty-four percentages, one for each hour. */
function day(of: Reader, name: string): number[] {
  const found = words(of.text(name)).map(typedShare);
  return of.read(name, found.length === 24 && found.every((one) => one !== null) ? (found as number[]) : null);
}

/** Points as `percentile:percent`, for example `95:120`. */
function curve(of: Reader, name: string): ForecastTerms['curve'] {
  const points = words(of.text(name)).map((text) => {
    const [level, bps] = text.split(':');
    return { level: typedScaled(level ?? '', 1), bps: typedShare(bps ?? '') };
  });
  const sound = points.length > 0 && points.every((point) => point.level !== null && point.bps !== null);
  return of.read(name, sound ? (points as ForecastTerms['curve']) : null);
}

function forecast(of: Reader): ForecastTerms {
  return {
    curve: curve(of, 'forecast_curve'),
    step_bps: share(of, 'forecast_step'),
    notice_hours: whole(of, 'forecast_notice'),
    skill_days: whole(of, 'forecast_skill'),
    weekday_bps: day(of, 'forecast_weekday'),
    weekend_bps: day(of, 'forecast_weekend'),
    spare: maybe(of, 'forecast_spare', hash),
    stake: maybe(of, 'forecast_stake', money),
  };
}

/** Terms to begin with where there is no agreement to begin from: one energy price, no load, half a year. */
export function freshTerms(home: string, visited: string, now: Date): Terms {
  const length = 86_400_000;
  const time = (after: number) => new Date(now.getTime() + after * length).toISOString();
  const amount = (value: number): Money => ({ amount: value, currency: 'USD', scale: 2 });
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
        elements: [{ components: [{ dimension: 'energy', price: amount(40), vat_ppm: null, step_size: 1 }], restrictions: null }],
        min_price: null,
        max_price: null,
        valid_from: null,
        valid_until: null,
        sales_taxes: [],
      },
    ],
    corridor: { floor: amount(20), cap: amount(60) },
    load_band: { min_bps: 9_000, max_bps: 12_500 },
    caps: { energy_per_charge_mwh: 150_000_000, amount_per_charge: amount(15_000), exposure: amount(500_000) },
    tiers: [],
    split: { home_bps: 1_000, visited_bps: 7_000, owner_bps: 2_000 },
    hold_ttl_ms: length,
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
