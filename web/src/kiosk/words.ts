import { energy, money, power, scaled, share } from '../lib/format.ts';
import { locale, t } from '../lib/i18n.svelte.ts';
import type { Money } from '../lib/shapes.ts';
import type { Part } from './view.ts';

/** Values of the view in the reader's language. */
export const cash = (value: Money): string => money(locale(), value);
export const kwh = (mwh: number): string => energy(locale(), mwh, 1, 2);
export const round = (mwh: number): string => energy(locale(), mwh, 0, 1);
export const kw = (watts: number): string => power(locale(), watts);
export const upTo = (watts: number): string => `${scaled(locale(), watts, 3, 0, 0)}\u00a0kW`;
export const percent = (bps: number): string => share(locale(), bps);
export const rate = (ppm: number): string => `${scaled(locale(), ppm, 4, 0, 4)}\u00a0%`;

/** `1:05`, minutes and seconds of a countdown. */
export function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** How long something runs already. */
export function ran(seconds: number): string {
  const hours = Math.floor(seconds / 3_600);
  const rest = `${String(Math.floor((seconds % 3_600) / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** An energy price: `$0.36 / kWh`. */
export const each = (value: Money): string => t('kiosk-per-kWh', { price: cash(value) });

/** One price as a sentence's part: `$0.36 / kWh`. */
export function price(part: Part): string {
  return t(`kiosk-per-${part.unit}`, { price: cash(part.price) });
}

/** When a price applies, where that is not always. */
export function when(part: Part): string {
  if (part.from && part.until) return t('kiosk-from-until', { from: part.from, until: part.until });
  if (part.from) return t('kiosk-from', { from: part.from });
  return part.conditional ? t('kiosk-conditional') : '';
}
