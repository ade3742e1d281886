import type { Breakdown, Hop, Money } from '../api/types.ts';

/**
 * A saved trace (`GET /sessions/{session}/trace`) read back from a file. Whatever the file holds, the answer is a trace or what is wrong with
 * it: nothing is thrown, and every part that the pages show was looked at before.
 */

/** Largest file that is read, in bytes. A trace of the most hops, with every meter record, is far below it. */
export const MOST_BYTES = 4_000_000;
/** Most hops that a member keeps of one charge: `MAX_HOPS` of crates/utility/src/command.rs. */
export const MOST_HOPS = 128;
/** Most faults that are told of one file. */
export const MOST_FAULTS = 5;
/** Most decimal places of an amount; every member writes millionths. */
const MOST_PLACES = 18;
/** Longest beginning of a wrong value that is told. */
const MOST_FOUND = 40;

/** What would be right in a place. */
export type Want = 'object' | 'list' | 'text' | 'time' | 'session' | 'member' | 'role' | 'flag' | 'whole' | 'energy' | 'currency' | 'dimension' | 'hash';

/** What is wrong: with the file as a whole, or in one place of it. `path` is as in `hops[3].at`. */
export type Fault =
  | { kind: 'large' | 'unreadable' | 'not-json' | 'other' | 'no-hops' }
  | { kind: 'many'; count: number }
  | { kind: 'absent'; path: string; want: Want }
  | { kind: 'wrong'; path: string; want: Want; found: string };

export interface Trace {
  session: string;
  role: 'home' | 'visited' | 'both';
  /** The member that saved it. */
  member: string;
  home: string | null;
  visited: string;
  evse: string | null;
  state: string;
  at: string;
  energy_mwh: number;
  refusal: { code: string; text: string } | null;
  hops: Hop[];
  offer: { hash: string; tariff: string; agreement: string; expected: Money; low: Money; high: Money; reasons: string[] } | null;
  consent: { method: string; given_at: string } | null;
  breakdown: Breakdown | null;
  event: { hash: string; shares: { home: number; visited: number; owner: number; tax: number } } | null;
  records: string[];
  transaction: string | null;
  height: number | null;
}

export type Read = { trace: Trace } | { faults: Fault[] };

const MEMBER = /^[A-Z]{2}\*[A-Z0-9]{3}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
const UNITS: Record<string, string> = { ENERGY: 'kWh', TIME: 'h', PARKING_TIME: 'h', FLAT: 'once' };
const TESTS: Partial<Record<Want, (value: string) => boolean>> = {
  text: () => true,
  time: (value) => TIME.test(value) && !Number.isNaN(Date.parse(value)),
  session: (value) => /^ses_[0-9a-f]{32}$/.test(value),
  member: (value) => MEMBER.test(value),
  role: (value) => ['home', 'visited', 'both'].includes(value),
  energy: (value) => /^\d{1,9}(?:\.\d{1,6})?$/.test(value),
  currency: (value) => /^[A-Z]{3}$/.test(value),
  dimension: (value) => Object.hasOwn(UNITS, value),
  hash: (value) => /^[0-9a-f]{64}$/.test(value),
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value in short; never more than its beginning, however deep or long it is. */
function told(value: unknown): string {
  if (Array.isArray(value)) return '[…]';
  if (isObject(value)) return '{…}';
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, MOST_FOUND)) : String(value);
  return text.length > MOST_FOUND ? `${text.slice(0, MOST_FOUND)}…` : text;
}

/** One place in the file; what is asked of it and is not so is noted, and something empty stands in for it. */
class Place {
  readonly value: unknown;
  readonly path: string;
  readonly faults: Fault[];

  constructor(value: unknown, path: string, faults: Fault[]) {
    this.value = value;
    this.path = path;
    this.faults = faults;
  }

  #wrong(want: Want): void {
    if (this.faults.length >= MOST_FAULTS) return;
    this.faults.push(this.value === undefined ? { kind: 'absent', path: this.path, want } : { kind: 'wrong', path: this.path, want, found: told(this.value) });
  }

  at(name: string): Place {
    const inside = isObject(this.value) && Object.hasOwn(this.value, name) ? this.value[name] : undefined;
    return new Place(inside, this.path === '' ? name : `${this.path}.${name}`, this.faults);
  }

  object<T>(read: (here: Place) => T): T | null {
    if (isObject(this.value)) return read(this);
    this.#wrong('object');
    return null;
  }

  /** What may be `null`, but not missing. */
  maybe<T>(read: (here: Place) => T): T | null {
    return this.value === null ? null : read(this);
  }

  list<T>(read: (here: Place) => T): T[] {
    if (!Array.isArray(this.value)) {
      this.#wrong('list');
      return [];
    }
    const all: T[] = [];
    for (const [index, one] of this.value.entries()) {
      if (this.faults.length >= MOST_FAULTS) break;
      all.push(read(new Place(one, `${this.path}[${index}]`, this.faults)));
    }
    return all;
  }

  text(want: Want = 'text'): string {
    if (typeof this.value === 'string' && TESTS[want]?.(this.value)) return this.value;
    this.#wrong(want);
    return '';
  }

  whole(least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER): number {
    if (typeof this.value === 'number' && Number.isSafeInteger(this.value) && this.value >= least && this.value <= most) return this.value;
    this.#wrong('whole');
    return 0;
  }

  flag(): boolean {
    if (typeof this.value === 'boolean') return this.value;
    this.#wrong('flag');
    return false;
  }

  money(): Money {
    const found = this.object((here) => ({ amount: here.at('amount').whole(), scale: here.at('scale').whole(0, MOST_PLACES), currency: here.at('currency').text('currency') }));
    return found ?? { amount: 0, scale: 0, currency: '' };
  }
}

/** The milliwatt-hours of a decimal number of kilowatt-hours. */
function milliwattHours(kwh: string): number {
  const [whole = '0', part = ''] = kwh.split('.');
  return Number(whole) * 1_000_000 + Number(part.padEnd(6, '0'));
}

function hop(here: Place): Hop {
  const sentence = here.at('what').text();
  const marked = /^\[([^\]]*)\] ([^]*)$/.exec(sentence);
  const steps = (marked?.[1] ?? '').split(/\s+/).filter(Boolean);
  return { at: here.at('at').text('time'), from: here.at('from').text(), to: here.at('to').text(), steps, what: marked?.[2] ?? sentence, said: null };
}

function breakdown(here: Place): Breakdown {
  const total = here.at('total').money();
  return {
    currency: total.currency,
    lines: here.at('lines').list((line) => {
      const kind = line.at('type').text('dimension');
      return {
        dimension: kind.toLowerCase(),
        unit: UNITS[kind] ?? '',
        element: line.at('element').whole(),
        quantity: line.at('quantity').whole(),
        billed: line.at('billed').whole(),
        list_price: line.at('list_price').money(),
        unit_price: line.at('unit_price').money(),
        amount: line.at('amount').money(),
        vat_ppm: line.at('vat_ppm').maybe((vat) => vat.whole()),
        held_by_corridor: line.at('held_by_corridor').flag(),
      };
    }),
    net: here.at('net').money(),
    limit_change: here.at('limit_change').money(),
    discount: here.at('discount').money(),
    taxes: here.at('taxes').list((tax) => ({ name: tax.at('name').text(), rate_ppm: tax.at('rate_ppm').whole(), base: tax.at('base').money(), amount: tax.at('amount').money() })),
    rounding: here.at('rounding').money(),
    total,
    energy_mwh: here.at('energy_mwh').whole(),
    rule: null,
  } as Breakdown;
}

function offer(here: Place): Trace['offer'] {
  const text = (name: string) => here.at(name).text();
  const money = (name: string) => here.at(name).money();
  return { hash: here.at('hash').text('hash'), tariff: text('tariff'), agreement: text('agreement'), expected: money('expected'), low: money('low'), high: money('high'), reasons: here.at('reasons').list((one) => one.text()) };
}

function event(here: Place): Trace['event'] {
  const share = (name: string) => here.at('shares_micro').at(name).whole();
  return { hash: here.at('hash').text('hash'), shares: { home: share('home'), visited: share('visited'), owner: share('owner'), tax: share('tax') } };
}

function trace(here: Place): Trace {
  const summary = here.at('summary');
  const role = summary.at('role').text('role') as Trace['role'];
  const home = summary.at('home').maybe((one) => one.text('member'));
  const visited = summary.at('visited').text('member');
  return {
    session: summary.at('session').text('session'),
    role,
    home,
    visited,
    member: role === 'home' ? (home ?? visited) : visited,
    evse: summary.at('evse').maybe((one) => one.text()),
    state: summary.at('state').text(),
    at: summary.at('at').text('time'),
    energy_mwh: milliwattHours(summary.at('energy_kwh').text('energy')),
    refusal: summary.at('refusal').maybe((one) => one.object((why) => ({ code: why.at('code').text(), text: why.at('text').text() }))),
    hops: here.at('hops').list(hop),
    offer: here.at('offer').maybe((one) => one.object(offer)),
    consent: here.at('consent').maybe((one) => one.object((given) => ({ method: given.at('method').text(), given_at: given.at('given_at').text('time') }))),
    breakdown: here.at('breakdown').maybe((one) => one.object(breakdown)),
    event: here.at('charge_event').maybe((one) => one.object(event)),
    records: here.at('meter_records').list((one) => one.text()),
    transaction: here.at('transaction').maybe((one) => one.text('hash')),
    height: here.at('height').maybe((one) => one.whole()),
  };
}

/** Reads the text of a file. */
export function readTrace(text: string): Read {
  if (text.length > MOST_BYTES) return { faults: [{ kind: 'large' }] };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { faults: [{ kind: 'not-json' }] };
  }
  // Some other JSON altogether is told in one sentence, not in a list of all that it has not.
  if (!isObject(value) || (!Object.hasOwn(value, 'summary') && !Object.hasOwn(value, 'hops'))) return { faults: [{ kind: 'other' }] };
  const hops = value['hops'];
  if (Array.isArray(hops) && hops.length === 0) return { faults: [{ kind: 'no-hops' }] };
  if (Array.isArray(hops) && hops.length > MOST_HOPS) return { faults: [{ kind: 'many', count: hops.length }] };
  const faults: Fault[] = [];
  const found = new Place(value, '', faults);
  const summary = found.at('summary');
  // Without its summary a trace has no places to look at.
  const whole = summary.object(() => trace(found));
  return whole && faults.length === 0 ? { trace: whole } : { faults };
}

/** Reads a file that somebody chose; one that is too large is not even opened. */
export async function readFile(file: Pick<File, 'size' | 'text'>): Promise<Read> {
  if (file.size > MOST_BYTES) return { faults: [{ kind: 'large' }] };
  try {
    return readTrace(await file.text());
  } catch {
    return { faults: [{ kind: 'unreadable' }] };
  }
}
