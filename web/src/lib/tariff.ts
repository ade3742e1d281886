import type { Restrictions, Tariff, TariffComponent, TariffElement, TariffLimit } from '../api/types.ts';
import { plainClock, plainDate, plainMoney, plainScaled, typedClock, typedDate, typedMoment, typedMoney, typedScaled, typedWhole } from './typed.ts';

/**
 * A tariff as fields that people type, and back. Everything that a tariff has is a field; an empty one says nothing.
 *
 * Names of fields are paths such as `tariffs.0.elements.1.components.0.price`, so that what cannot be read is pointed at.
 */

/** What a component can price, in the order of the choices. */
export const DIMENSIONS = ['energy', 'time', 'parking_time', 'flat'] as const;
/** The most that the ledger takes of each. */
export const MOST = { tariffs: 16, elements: 64, components: 8, taxes: 8 } as const;

export interface ComponentFields {
  dimension: string;
  price: string;
  /** Percent. */
  vat: string;
  /** Wh, seconds. */
  step: string;
}

/** When a group of prices applies. */
export interface WhenFields {
  from: string;
  until: string;
  first_day: string;
  end_day: string;
  min_energy: string;
  max_energy: string;
  min_power: string;
  max_power: string;
  min_current: string;
  max_current: string;
  min_duration: string;
  max_duration: string;
  /** A number of the week's days as texts, Monday is 0. */
  days: string[];
  reservation: boolean;
}

export interface ElementFields {
  components: ComponentFields[];
  when: WhenFields;
}

export interface TaxFields {
  name: string;
  rate: string;
  on: string[];
}

export interface TariffFields {
  id: string;
  elements: ElementFields[];
  min_before: string;
  min_after: string;
  max_before: string;
  max_after: string;
  valid_from: string;
  valid_until: string;
  taxes: TaxFields[];
}

/** Reads a field; `null` is not readable, and its name is kept. */
export type Read = <T>(name: string, value: T | null) => T;

/** A restriction and how it is typed: the field, the name in the terms, and the decimal places between both. */
const NUMBERS = [
  ['min_energy', 'min_energy_mwh', 6],
  ['max_energy', 'max_energy_mwh', 6],
  ['min_power', 'min_power_w', 3],
  ['max_power', 'max_power_w', 3],
  ['min_current', 'min_current_ma', 3],
  ['max_current', 'max_current_ma', 3],
] as const;
const MINUTES = [
  ['min_duration', 'min_duration_s'],
  ['max_duration', 'max_duration_s'],
] as const;
export const DAYS = [0, 1, 2, 3, 4, 5, 6] as const;

export const noWhen = (): WhenFields => ({
  from: '',
  until: '',
  first_day: '',
  end_day: '',
  min_energy: '',
  max_energy: '',
  min_power: '',
  max_power: '',
  min_current: '',
  max_current: '',
  min_duration: '',
  max_duration: '',
  days: [],
  reservation: false,
});

export const newComponent = (): ComponentFields => ({ dimension: 'energy', price: '', vat: '', step: '1' });
export const newElement = (): ElementFields => ({ components: [newComponent()], when: noWhen() });
export const newTariff = (number: number): TariffFields => ({
  id: `tariff-${number}`,
  elements: [newElement()],
  min_before: '',
  min_after: '',
  max_before: '',
  max_after: '',
  valid_from: '',
  valid_until: '',
  taxes: [],
});

function whenFields(of: Restrictions | null | undefined): WhenFields {
  const when = noWhen();
  if (!of) return when;
  if (of.start_minute != null) when.from = plainClock(of.start_minute);
  if (of.end_minute != null) when.until = plainClock(of.end_minute);
  if (of.start_day != null) when.first_day = plainDate(of.start_day);
  if (of.end_day != null) when.end_day = plainDate(of.end_day);
  for (const [field, name, scale] of NUMBERS) if (of[name] != null) when[field] = plainScaled(of[name], scale);
  for (const [field, name] of MINUTES) if (of[name] != null) when[field] = minutes(of[name]);
  const bits = of.days ?? 0;
  when.days = DAYS.filter((day) => bits & (1 << day)).map(String);
  when.reservation = of.reservation ?? false;
  return when;
}

/** Seconds as minutes; a part of a minute stays exact. */
function minutes(seconds: number): string {
  return seconds % 60 === 0 ? String(seconds / 60) : String(Number((seconds / 60).toFixed(6)));
}

export function tariffFields(of: Tariff): TariffFields {
  return {
    id: of.id,
    elements: of.elements.map((element) => ({
      components: element.components.map((one) => ({
        dimension: one.dimension,
        price: plainMoney(one.price),
        vat: one.vat_ppm == null ? '' : plainScaled(one.vat_ppm, 4),
        step: String(one.step_size),
      })),
      when: whenFields(element.restrictions),
    })),
    min_before: of.min_price ? plainMoney(of.min_price.before_taxes) : '',
    min_after: of.min_price?.after_taxes ? plainMoney(of.min_price.after_taxes) : '',
    max_before: of.max_price ? plainMoney(of.max_price.before_taxes) : '',
    max_after: of.max_price?.after_taxes ? plainMoney(of.max_price.after_taxes) : '',
    valid_from: of.valid_from?.slice(0, 16) ?? '',
    valid_until: of.valid_until?.slice(0, 16) ?? '',
    taxes: of.sales_taxes.map((tax) => ({ name: tax.name, rate: plainScaled(tax.rate_ppm, 4), on: [...tax.on] })),
  };
}

const maybe = <T>(text: string, read: (text: string) => T | null, name: string, at: Read): T | null => (text.trim() === '' ? null : at(name, read(text)));

function restrictions(of: WhenFields, name: string, read: Read): Restrictions | null {
  const found: Restrictions = {
    start_minute: maybe(of.from, typedClock, `${name}.from`, read),
    end_minute: maybe(of.until, typedClock, `${name}.until`, read),
    start_day: maybe(of.first_day, typedDate, `${name}.first_day`, read),
    end_day: maybe(of.end_day, typedDate, `${name}.end_day`, read),
    min_energy_mwh: null,
    max_energy_mwh: null,
    min_current_ma: null,
    max_current_ma: null,
    min_power_w: null,
    max_power_w: null,
    min_duration_s: null,
    max_duration_s: null,
    days: of.days.reduce((bits, day) => bits | (1 << Number(day)), 0),
    reservation: of.reservation,
  };
  for (const [field, to, scale] of NUMBERS) found[to] = maybe(of[field], (text) => typedScaled(text, scale), `${name}.${field}`, read);
  for (const [field, to] of MINUTES) found[to] = maybe(of[field], seconds, `${name}.${field}`, read);
  const says = Object.values(found).some((value) => value !== null && value !== 0 && value !== false);
  return says ? found : null;
}

/** Typed minutes in whole seconds. */
function seconds(text: string): number | null {
  const typed = typedScaled(text, 6);
  return typed === null ? null : Math.round((typed * 60) / 1_000_000);
}

function limit(before: string, after: string, name: string, currency: string, read: Read): TariffLimit | null {
  const money = (text: string) => typedMoney(text, currency);
  // A limit after taxes alone would limit nothing before them.
  if (before.trim() === '' && after.trim() !== '') read(`${name}_before`, null);
  const net = maybe(before, money, `${name}_before`, read);
  return net === null ? null : { before_taxes: net, after_taxes: maybe(after, money, `${name}_after`, read) };
}

const dimension = (text: string) => DIMENSIONS.find((one) => one === text) ?? null;

function component(of: ComponentFields, name: string, currency: string, read: Read): TariffComponent {
  return {
    dimension: read(`${name}.dimension`, dimension(of.dimension)),
    price: read(`${name}.price`, typedMoney(of.price, currency)),
    vat_ppm: maybe(of.vat, (text) => typedScaled(text, 4), `${name}.vat`, read),
    step_size: read(`${name}.step`, typedWhole(of.step)),
  };
}

function element(of: ElementFields, name: string, currency: string, read: Read): TariffElement {
  return {
    components: of.components.map((one, index) => component(one, `${name}.components.${index}`, currency, read)),
    restrictions: restrictions(of.when, `${name}.when`, read),
  };
}

/** The tariff that the fields say. */
export function tariff(of: TariffFields, name: string, currency: string, read: Read): Tariff {
  return {
    id: read(`${name}.id`, of.id.trim() === '' || of.id.length > 36 ? null : of.id.trim()),
    elements: of.elements.map((one, index) => element(one, `${name}.elements.${index}`, currency, read)),
    min_price: limit(of.min_before, of.min_after, `${name}.min`, currency, read),
    max_price: limit(of.max_before, of.max_after, `${name}.max`, currency, read),
    valid_from: maybe(of.valid_from, typedMoment, `${name}.valid_from`, read),
    valid_until: maybe(of.valid_until, typedMoment, `${name}.valid_until`, read),
    sales_taxes: of.taxes.map((tax, index) => ({
      name: read(`${name}.taxes.${index}.name`, tax.name.trim() || null),
      rate_ppm: read(`${name}.taxes.${index}.rate`, typedScaled(tax.rate, 4)),
      on: tax.on.map((one) => read(`${name}.taxes.${index}.on`, dimension(one))),
    })),
  };
}
