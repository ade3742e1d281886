import type { Money } from '../api/types.ts';
import { decimal } from './format.ts';

/** What people type into fields, read exactly, and numbers as they are typed. */

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

/** A typed number that is not negative, in units of 10^-scale; nothing where it has more places than that. */
export function typedScaled(text: string, scale: number): number | null {
  const typed = typedDecimal(text);
  if (!typed || typed.scale > scale || typed.amount < 0n) return null;
  const amount = Number(typed.amount * 10n ** BigInt(scale - typed.scale));
  return Number.isSafeInteger(amount) ? amount : null;
}

/** A typed percentage in basis points: `97.5` is 9,750. */
export const typedShare = (text: string): number | null => typedScaled(text, 2);

/** A whole number as it is typed, with at most nine digits. */
export function typedWhole(text: string): number | null {
  return /^\d{1,9}$/.test(text.trim()) ? Number(text.trim()) : null;
}

/** A moment in UTC as a field of type `datetime-local` has it. */
export function typedMoment(text: string): string | null {
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(text.trim()) ? `${text.trim()}:00.000Z` : null;
}

const DAY = 86_400_000;

/** A date as days since 1970-01-01. */
export function typedDate(text: string): number | null {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text.trim()) ? Date.parse(`${text.trim()}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(at) ? null : at / DAY;
}

/** A time of day in minutes; `24:00` is the end of the day. */
export function typedClock(text: string): number | null {
  const parts = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  const [hour, minute] = [Number(parts?.[1]), Number(parts?.[2])];
  if (!parts || minute > 59 || hour * 60 + minute > 1_440) return null;
  return hour * 60 + minute;
}

/** Sixty-four hexadecimal digits. */
export function typedHash(text: string): string | null {
  return /^[0-9a-f]{64}$/i.test(text.trim()) ? text.trim().toLowerCase() : null;
}

/** A whole number at a scale as one types it: no zeros behind that say nothing. */
export function plainScaled(amount: number | string, scale: number): string {
  const text = decimal(amount, scale);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

export const plainMoney = (money: Money): string => decimal(money.amount, money.scale);
export const plainShare = (basisPoints: number): string => plainScaled(basisPoints, 2);
export const plainDate = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10);
export const plainClock = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
