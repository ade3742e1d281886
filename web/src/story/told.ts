import type { Money } from '../lib/shapes.ts';
import { typedDecimal, typedMoney } from '../lib/typed.ts';

/** A piece of a sentence of the server: words, or something that people read in their own language and can follow or copy. */
export type Piece =
  | { kind: 'words'; text: string }
  | { kind: 'id'; id: string; of: 'agreement' | 'session' | 'customer' | 'hash' }
  | { kind: 'member'; id: string }
  /** RFC 3339. */
  | { kind: 'time'; time: string }
  | { kind: 'share'; bps: number }
  | { kind: 'money'; money: Money }
  | { kind: 'energy'; mwh: number };

/** What stands in the sentences as raw data. A charging point's id begins as its member's does, and is none. */
const RAW =
  /(?<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)|(?<id>\b(?:agr|ses|cus)_[0-9A-Za-z-]+|\b[0-9a-f]{64}\b)|(?<member>\b[A-Z]{2}\*[A-Z0-9]{3}\b(?!\*))|(?<bps>\b\d+)(?= to \d+ bps\b| bps\b)(?: bps)?|(?<micro>-?\b\d+) millionths\b|(?<kwh>\b\d+(?:\.\d+)?) kWh\b|(?<amount>-?\b\d+(?:\.\d+)?) (?<currency>[A-Z]{3})\b/g;

const OF = { agr: 'agreement', ses: 'session', cus: 'customer' } as const;

function idOf(id: string): Piece {
  return { kind: 'id', id, of: OF[id.slice(0, 3) as keyof typeof OF] ?? 'hash' };
}

function energyOf(text: string): Piece | undefined {
  const typed = typedDecimal(text);
  return typed && typed.scale <= 6 ? { kind: 'energy', mwh: Number(typed.amount * 10n ** BigInt(6 - typed.scale)) } : undefined;
}

function moneyOf(text: string, currency: string): Piece | undefined {
  const money = typedMoney(text, currency);
  return money ? { kind: 'money', money } : undefined;
}

function pieceOf(found: Record<string, string | undefined>, currency: string | undefined): Piece | undefined {
  const { time, id, member, bps, micro, kwh, amount } = found;
  if (time !== undefined) return { kind: 'time', time };
  if (id !== undefined) return idOf(id);
  if (member !== undefined) return { kind: 'member', id: member };
  if (bps !== undefined) return { kind: 'share', bps: Number(bps) };
  if (micro !== undefined) return currency === undefined ? undefined : { kind: 'money', money: { amount: micro, currency, scale: 6 } };
  if (kwh !== undefined) return energyOf(kwh);
  return amount === undefined ? undefined : moneyOf(amount, found['currency'] ?? '');
}

/** Takes a sentence apart; millionths need a currency, and what cannot be read stays as it came. */
export function pieces(text: string, currency?: string): Piece[] {
  const all: Piece[] = [];
  let done = 0;
  for (const found of text.matchAll(RAW)) {
    const piece = pieceOf(found.groups ?? {}, currency);
    if (!piece) continue;
    if (found.index > done) all.push({ kind: 'words', text: text.slice(done, found.index) });
    all.push(piece);
    done = found.index + found[0].length;
  }
  if (done < text.length) all.push({ kind: 'words', text: text.slice(done) });
  return all;
}

/** Signs for the few words between two values, so that a comparison reads the same in every language. */
const SIGNS: Record<string, string> = { ' to ': ' – ', 'at most ': '≤ ', ' per kWh': ' / kWh', ' per kWh to ': ' / kWh – ' };
export const signed = (all: Piece[]): Piece[] => all.map((piece) => (piece.kind === 'words' ? { ...piece, text: SIGNS[piece.text] ?? piece.text } : piece));
