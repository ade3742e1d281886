import type { Restrictions, SplitRule, Tariff, TariffComponent, TariffLimit, Terms } from '../api/types.ts';
import { energy, moment, money, power, scaled, share, span } from '../lib/format.ts';
import { known, locale, t } from '../lib/i18n.svelte.ts';
import { memberName } from '../lib/members.svelte.ts';
import { DAYS } from '../lib/tariff.ts';
import { plainClock, plainDate, plainScaled } from '../lib/typed.ts';

/**
 * The terms of an agreement as people read them: one line for each thing that can be agreed, with its unit. Two versions are compared line by
 * line, by key; so nothing that differs can be left out, and nothing is shown as raw data.
 */
export interface Said {
  /** The same in every version that says the same thing. */
  key: string;
  group: string;
  label: string;
  value: string;
}

/** A line of two versions; an empty side does not say it. */
export interface Changed {
  key: string;
  group: string;
  label: string;
  before: string;
  after: string;
}

const UNITS: Record<string, string> = { energy: 'kWh', time: 'h', parking_time: 'h', flat: 'once' };
const percent = (bps: number): string => share(locale(), bps, 2);
const ppm = (value: number): string => `${scaled(locale(), value, 4, 0, 4)}\u00a0%`;
const kwh = (mwh: number): string => energy(locale(), mwh, 0);
const days = (count: number): string => t('days', { count });
const utc = (time: string): string => `${moment(locale(), time, 'UTC')} UTC`;
const dimension = (name: string): string => known(`dimension-${name}`, name);

/** Days of the week by bits, Monday first. */
export function weekday(day: number): string {
  // 1970-01-05 was a Monday.
  return new Intl.DateTimeFormat(locale(), { weekday: 'short', timeZone: 'UTC' }).format(new Date((day + 4) * 86_400_000));
}

/** A span of two values of which each may be missing. */
function between(low: string | null, high: string | null): string | null {
  if (low !== null && high !== null) return t('terms-between', { low, high });
  if (low !== null) return t('terms-from', { low });
  return high === null ? null : t('terms-below', { high });
}

const or = <T>(value: T | null | undefined, then: (value: T) => string): string | null => (value == null ? null : then(value));

/** When a group of prices applies, in words. */
export function saidWhen(of: Restrictions | null | undefined): string {
  if (!of) return t('terms-always');
  const bits = of.days ?? 0;
  const ampere = (ma: number) => `${scaled(locale(), ma, 3)}\u00a0A`;
  const after = (seconds: number) => span(locale(), seconds * 1_000);
  const parts = [
    bits === 0 ? null : DAYS.filter((day) => bits & (1 << day)).map(weekday).join(', '),
    between(or(of.start_minute, plainClock), or(of.end_minute, plainClock)),
    between(or(of.start_day, plainDate), or(of.end_day, plainDate)),
    between(or(of.min_energy_mwh, kwh), or(of.max_energy_mwh, kwh)),
    between(or(of.min_power_w, (w) => power(locale(), w)), or(of.max_power_w, (w) => power(locale(), w))),
    between(or(of.min_current_ma, ampere), or(of.max_current_ma, ampere)),
    or(between(or(of.min_duration_s, after), or(of.max_duration_s, after)), (text) => t('terms-charging-for', { text })),
    of.reservation ? t('terms-reservation') : null,
  ].filter((part) => part !== null);
  return parts.length === 0 ? t('terms-always') : parts.join(' · ');
}

/** A price with its unit, tax and step. */
export function saidPrice(of: TariffComponent): string {
  const unit = known(`unit-${UNITS[of.dimension] ?? ''}`, '');
  const parts = [`${money(locale(), of.price)} / ${unit}`];
  if (of.vat_ppm != null) parts.push(t('terms-vat', { rate: ppm(of.vat_ppm) }));
  if (of.step_size > 1 && of.dimension === 'energy') parts.push(t('terms-step', { step: energy(locale(), of.step_size * 1_000, 0) }));
  if (of.step_size > 1 && UNITS[of.dimension] === 'h') parts.push(t('terms-step', { step: span(locale(), of.step_size * 1_000) }));
  return parts.join(', ');
}

function saidLimit(of: TariffLimit): string {
  const net = t('terms-before-tax', { amount: money(locale(), of.before_taxes) });
  return of.after_taxes ? `${net}, ${t('terms-after-tax', { amount: money(locale(), of.after_taxes) })}` : net;
}

export type Line = [key: string, label: string, value: string];

/** The lines of a tariff: key, label, value. */
export function saidTariff(of: Tariff): Line[] {
  const lines: Line[] = [];
  for (const [index, element] of of.elements.entries()) {
    const number = index + 1;
    lines.push([`${index}/when`, t('terms-group-when', { number }), saidWhen(element.restrictions)]);
    for (const one of element.components) lines.push([`${index}/${one.dimension}`, t('terms-group-price', { number, dimension: dimension(one.dimension) }), saidPrice(one)]);
  }
  if (of.min_price) lines.push(['min', t('terms-least'), saidLimit(of.min_price)]);
  if (of.max_price) lines.push(['max', t('terms-most'), saidLimit(of.max_price)]);
  if (of.valid_from) lines.push(['from', t('valid-from'), utc(of.valid_from)]);
  if (of.valid_until) lines.push(['until', t('valid-until'), utc(of.valid_until)]);
  for (const tax of of.sales_taxes) lines.push([`tax/${tax.name}`, tax.name, tax.on.length === 0 ? ppm(tax.rate_ppm) : `${ppm(tax.rate_ppm)} (${tax.on.map(dimension).join(', ')})`]);
  return lines;
}

function saidSplit(of: SplitRule): Line[] {
  const each = (prefix: string, all: Record<string, unknown>): Line[] =>
    Object.entries(all).map(([name, amount]) => [`${prefix}/${name}`, t(`terms-${prefix}-${name.replaceAll('_', '-')}`), money(locale(), amount as Tariff['elements'][0]['components'][0]['price'])]);
  const lines: Line[] = [['rule', t('terms-split-rule'), t(`terms-split-${of.kind}`)], ...each('cost', of.costs)];
  if (of.alone) lines.push(...each('alone', of.alone));
  if (of.ad_hoc) lines.push(['ad_hoc', t('terms-ad-hoc-price'), money(locale(), of.ad_hoc.price_per_kwh)], ['chance', t('terms-ad-hoc-chance'), percent(of.ad_hoc.chance_bps)]);
  return lines;
}

function saidForecast(of: NonNullable<Terms['forecast']>): Line[] {
  // Hours with one multiplier after another are one span: 24 numbers nobody reads.
  const day = (all: number[]) => {
    const spans: string[] = [];
    for (let from = 0; from < all.length; ) {
      let until = from + 1;
      while (until < all.length && all[until] === all[from]) until += 1;
      spans.push(`${plainClock(from * 60)}–${plainClock(until * 60)} ${percent(all[from] ?? 0)}`);
      from = until;
    }
    return spans.join(' · ');
  };
  const lines: Line[] = [
    ['curve', t('terms-forecast-curve'), of.curve.map((point) => t('terms-forecast-point', { level: `${plainScaled(point.level, 1)}\u00a0%`, factor: percent(point.bps) })).join(' · ')],
    ['step', t('terms-forecast-step'), percent(of.step_bps)],
    ['notice', t('terms-forecast-notice'), t('terms-hours', { count: of.notice_hours })],
    ['skill', t('terms-forecast-skill'), days(of.skill_days)],
    ['weekday', t('terms-forecast-weekday'), day(of.weekday_bps)],
    ['weekend', t('terms-forecast-weekend'), day(of.weekend_bps)],
  ];
  if (of.spare) lines.push(['spare', t('terms-forecast-spare'), of.spare]);
  if (of.stake) lines.push(['stake', t('terms-forecast-stake'), money(locale(), of.stake)]);
  return lines;
}

function limits(of: Terms): Line[] {
  const lines: Line[] = [
    ['energy', t('agreement-energy-cap'), kwh(of.caps.energy_per_charge_mwh)],
    ['amount', t('agreement-amount-cap'), money(locale(), of.caps.amount_per_charge)],
    ['exposure', t('agreement-exposure'), money(locale(), of.caps.exposure)],
    ['hold', t('terms-hold'), span(locale(), of.hold_ttl_ms)],
  ];
  if (of.session_caps?.concurrent != null) lines.push(['concurrent', t('terms-concurrent'), String(of.session_caps.concurrent)]);
  if (of.session_caps?.per_day != null) lines.push(['per_day', t('terms-per-day'), String(of.session_caps.per_day)]);
  if (of.collateral) lines.push(['collateral', t('terms-collateral'), money(locale(), of.collateral)]);
  return lines;
}

function duties(of: Terms): Line[] {
  const lines: Line[] = [['dispute', t('agreement-dispute'), days(of.dispute_days)]];
  if (of.notice_days != null) lines.push(['notice', t('terms-notice'), days(of.notice_days)]);
  if (of.service) {
    lines.push(
      ['least', t('terms-service-least'), percent(of.service.least_served_bps)],
      ['penalty', t('terms-service-penalty'), money(locale(), of.service.penalty)],
      ['penalty_cap', t('terms-service-cap'), money(locale(), of.service.penalty_cap)],
      ['answer', t('terms-service-hours'), t('terms-hours', { count: of.service.answer_hours })],
    );
  }
  return lines;
}

/** Hashes of what lies outside of the terms. */
function attached(of: Terms): Line[] {
  const all: [string, string | null | undefined][] = [
    ['model', of.model],
    ['rule', of.rule],
    ['annex', of.annex_hash],
  ];
  const lines = all.flatMap(([name, hash]): Line[] => (hash ? [[name, t(`terms-${name}`), hash]] : []));
  if (of.rule_fuel != null) lines.push(['fuel', t('terms-rule-fuel'), String(of.rule_fuel)]);
  return lines;
}

/** Every line of the terms, in the order in which they are agreed. */
export function said(of: Terms): Said[] {
  const groups: [string, string, Line[]][] = [
    [
      'valid',
      t('valid'),
      [
        ['from', t('valid-from'), utc(of.valid_from)],
        ['until', t('valid-until'), utc(of.valid_until)],
        ['currency', t('edit-currency'), of.currency],
      ],
    ],
    ...of.tariffs.map((tariff): [string, string, Line[]] => [`tariff/${tariff.id}`, t('terms-tariff', { id: tariff.id }), saidTariff(tariff)]),
    [
      'corridor',
      t('story-corridor'),
      [
        ['floor', t('terms-floor'), `${money(locale(), of.corridor.floor)} / ${t('unit-kWh')}`],
        ['cap', t('terms-cap'), `${money(locale(), of.corridor.cap)} / ${t('unit-kWh')}`],
        ['load', t('agreement-load'), `${percent(of.load_band.min_bps)} – ${percent(of.load_band.max_bps)}`],
      ],
    ],
    ['forecast', t('terms-forecast'), of.forecast ? saidForecast(of.forecast) : []],
    ['tiers', t('terms-tiers'), of.tiers.map((tier) => [tier.tier, known(`tier-${tier.tier}`, tier.tier), `−${percent(tier.discount_bps)} (${t('agreement-home-bears', { share: percent(tier.home_bears_bps) })})`])],
    [
      'split',
      t('story-split'),
      [
        ['home', memberName(of.home), percent(of.split.home_bps)],
        ['visited', memberName(of.visited), percent(of.split.visited_bps)],
        ['owner', t('station-owner'), percent(of.split.owner_bps)],
        ...(of.split_rule ? saidSplit(of.split_rule) : []),
      ],
    ],
    ['caps', t('edit-caps'), limits(of)],
    [
      'money',
      t('edit-money'),
      [
        ['netting', t('agreement-netting'), days(of.netting_days)],
        ['due', t('terms-due'), days(of.due_days)],
        ['interest', t('terms-interest'), percent(of.interest_bps)],
      ],
    ],
    ['duties', t('terms-duties'), duties(of)],
    ['attached', t('terms-attached'), attached(of)],
  ];
  return groups.flatMap(([key, group, lines]) => lines.map(([name, label, value]) => ({ key: `${key}/${name}`, group, label, value })));
}

/** The lines that differ, in the order of the newer version; what only the older one says comes where its group is. */
export function changes(before: Said[], after: Said[]): Changed[] {
  const old = new Map(before.map((line) => [line.key, line]));
  const now = new Set(after.map((line) => line.key));
  const found: Changed[] = [];
  for (const line of after) {
    const was = old.get(line.key);
    if (was?.value !== line.value) found.push({ key: line.key, group: line.group, label: line.label, before: was?.value ?? '', after: line.value });
  }
  for (const line of before) if (!now.has(line.key)) found.push({ key: line.key, group: line.group, label: line.label, before: line.value, after: '' });
  const order = [...new Set([...after, ...before].map((line) => line.group))];
  return found.sort((one, other) => order.indexOf(one.group) - order.indexOf(other.group));
}

