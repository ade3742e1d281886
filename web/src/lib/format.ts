import type { Money } from './shapes.ts';

/**
 * Numbers with their units, in a language. Whole numbers come in with their scale and go to `Intl` as decimal text: no amount is ever a
 * floating-point number on its way to the screen.
 */

/** `amount / 10^scale` as exact decimal text. */
export function decimal(amount: number | bigint | string, scale: number): string {
  const whole = BigInt(amount);
  const digits = (whole < 0n ? -whole : whole).toString().padStart(scale + 1, '0');
  const split = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, split)}.${digits.slice(split)}`;
  return whole < 0n ? `-${text}` : text;
}

/** Languages times currencies, scales and zones: far below this in practice; above it a store starts anew. */
const MOST_KEPT = 256;

/** What is made by `make` for a language with options, kept: making one takes a browser longer than using it for a whole list. */
function kept<O, T>(make: (language: string, options: O) => T): (language: string, options: O) => T {
  const all = new Map<string, T>();
  return (language, options) => {
    const key = `${language} ${JSON.stringify(options)}`;
    let found = all.get(key);
    if (found === undefined) {
      if (all.size >= MOST_KEPT) all.clear();
      found = make(language, options);
      all.set(key, found);
    }
    return found;
  };
}

const numbers = kept((language, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(language, options));
const times = kept((language, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(language, options));

/** Decimal places that people of this currency expect; two where the currency is unknown to the browser. */
export function usual(currency: string): number {
  try {
    return numbers('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

/** Money with its currency: at least the currency's own decimal places, more where the amount has them and they are not zero. */
export function money(language: string, value: Money, sign: 'auto' | 'always' = 'auto'): string {
  const least = Math.min(usual(value.currency), value.scale);
  const most = Math.max(usual(value.currency), value.scale);
  const options: Intl.NumberFormatOptions = {
    style: 'currency',
    currency: value.currency,
    minimumFractionDigits: value.scale === 0 ? 0 : least,
    maximumFractionDigits: most,
    signDisplay: sign === 'always' ? 'exceptZero' : 'auto',
  };
  const text = decimal(value.amount, value.scale);
  try {
    return numbers(language, options).format(text as `${number}`);
  } catch {
    // No currency of ISO 4217: shown as it came rather than not at all.
    return `${text} ${value.currency}`;
  }
}

/** A whole number at a scale, for example micro-units as a plain decimal number. */
export function scaled(language: string, amount: number | bigint | string, scale: number, least = 0, most = scale): string {
  const options = { minimumFractionDigits: least, maximumFractionDigits: Math.max(least, most) };
  return numbers(language, options).format(decimal(amount, scale) as `${number}`);
}

/** Energy, from milliwatt-hours to kilowatt-hours with at most three decimal places. */
export function energy(language: string, milliwattHours: number | string, least = 1, most = 3): string {
  return `${scaled(language, milliwattHours, 6, least, most)}\u00a0kWh`;
}

/** Power, from watts to kilowatts. */
export function power(language: string, watts: number | string): string {
  return `${scaled(language, watts, 3, 1, 1)}\u00a0kW`;
}

/** A whole number. */
export function count(language: string, value: number | bigint): string {
  return numbers(language, { maximumFractionDigits: 0 }).format(value);
}

/** Basis points as a percentage: 9,750 is 97.5 %. */
export function share(language: string, basisPoints: number, most = 1): string {
  return numbers(language, { style: 'percent', minimumFractionDigits: 0, maximumFractionDigits: most }).format(
    decimal(basisPoints, 4) as `${number}`,
  );
}

/** A span of time given in milliseconds, in its one or two largest units. */
export function span(language: string, milliseconds: number): string {
  const unit = (value: number, name: string, most = 0) =>
    numbers(language, { style: 'unit', unit: name, unitDisplay: 'narrow', maximumFractionDigits: most }).format(value);
  const seconds = Math.round(milliseconds / 1_000);
  if (milliseconds < 1_000) return unit(Math.max(0, milliseconds), 'millisecond');
  if (seconds < 60) return unit(milliseconds / 1_000, 'second', seconds < 10 ? 1 : 0);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${unit(minutes, 'minute')} ${unit(seconds % 60, 'second')}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${unit(hours, 'hour')} ${unit(minutes % 60, 'minute')}`;
  return unit(Math.round(hours / 24), 'day');
}

/** A moment in a zone: date and time, with seconds only where they matter. */
export function moment(language: string, time: string, zone?: string, style: 'full' | 'date' | 'time' = 'full'): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  const options: Intl.DateTimeFormatOptions = {};
  if (style !== 'time') options.dateStyle = 'medium';
  if (style !== 'date') options.timeStyle = 'short';
  if (zone) options.timeZone = zone;
  try {
    return times(language, options).format(at);
  } catch {
    delete options.timeZone;
    return times(language, options).format(at);
  }
}

/** The short name of a zone at a moment, such as EST; empty where it is the reader's own, or unknown. */
export function zoneName(language: string, time: string, zone: string | null | undefined): string {
  const at = new Date(time);
  if (!zone || Number.isNaN(at.getTime())) return '';
  const part = (where?: string) =>
    times(language, { timeZoneName: 'short', ...(where ? { timeZone: where } : {}) }).formatToParts(at).find((one) => one.type === 'timeZoneName')?.value ?? '';
  try {
    const name = part(zone);
    return name === part() ? '' : name;
  } catch {
    return '';
  }
}

/** A month as `2026-11` in words. */
export function month(language: string, value: string): string {
  const at = new Date(`${value}-01T00:00:00Z`);
  if (Number.isNaN(at.getTime())) return value;
  return times(language, { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(at);
}
