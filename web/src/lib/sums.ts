import { usual } from './format.ts';
import type { Money } from './shapes.ts';

/** Sums of money: whole numbers all the way, at the finest scale that is met. */

function units(of: Money, scale: number): bigint {
  return BigInt(of.amount) * 10n ** BigInt(scale - of.scale);
}

function joined(one: Money, other: Money, sign: 1n | -1n): Money {
  const scale = Math.max(one.scale, other.scale);
  return { amount: (units(one, scale) + sign * units(other, scale)).toString(), currency: one.currency, scale };
}

/** What amounts make together: one sum for each currency, in the order in which they are met. A sum has `least` decimal places or more. */
export function sums(all: readonly Money[], least = 0): Money[] {
  const by = new Map<string, Money>();
  for (const one of all) by.set(one.currency, joined(by.get(one.currency) ?? { amount: '0', currency: one.currency, scale: least }, one, 1n));
  return [...by.values()];
}

/** The difference of two amounts of one currency. */
export function less(one: Money, other: Money): Money {
  return joined(one, other, -1n);
}

/** An amount in whole coins, halves away from zero: for reading beside the exact one, never for reckoning. */
export function coins(one: Money): Money {
  const scale = usual(one.currency);
  if (one.scale <= scale) return one;
  const coin = 10n ** BigInt(one.scale - scale);
  const amount = BigInt(one.amount);
  const half = amount < 0n ? -coin / 2n : coin / 2n;
  return { ...one, amount: ((amount + half) / coin).toString(), scale };
}

/** An amount as a number that is near it: for order and for lengths on the screen, never for reckoning. */
export function size(one: Money): number {
  return Number(one.amount) / 10 ** one.scale;
}
