import type { Money } from '../lib/shapes.ts';

/**
 * What the station says that its driver meets now. The order of screens is the station's; a page shows what it is told and sends what `choices`
 * name. Energy is in milliwatt-hours.
 */
export interface View {
  station: string;
  operator: string;
  /** Number to call for help. */
  help: string | null;
  power_w: number;
  /** Card, cable and car are simulated, and the page may move them. */
  demonstration: boolean;
  /** Prices for everybody, before anybody identifies. */
  posted: Part[];
  posted_taxes: Tax[];
  /** Counts the screens; a press is meant for one of them. */
  step: number;
  dialog: number;
  linked: boolean;
  plugged: boolean;
  /** Milliseconds until the screen goes away by itself. */
  left_ms: number | null;
  offer_left_ms: number | null;
  /** More time is offered, because little is left. */
  asks: boolean;
  stop_asked: boolean;
  screen: Screen;
  offer: Offer | null;
  wanted_mwh: number | null;
  choices: Choice[];
  may_act: boolean;
  /** On the post only: the code for a phone. */
  phone?: { code: string; url: string; left_ms: number; connected: string | null };
  /** On a phone only. */
  code?: string;
  phase?: 'live' | 'receipt' | 'over';
}

export interface Choice {
  choice: string;
  key: string | null;
  number?: number;
  chosen?: boolean;
  energy_mwh?: number;
  total?: Money;
  /** Of a further kilowatt-hour, with tax: nobody knows yet how much the car takes. */
  each?: Money;
}

export interface Tax {
  name: string;
  rate_ppm: number;
}

export interface Part {
  dimension: 'energy' | 'flat' | 'time' | 'parking_time';
  unit: 'kWh' | 'minute' | 'charge';
  price: Money;
  now: boolean;
  from: string | null;
  until: string | null;
  conditional: boolean;
  vat_ppm: number | null;
}

export interface Offer {
  session: string;
  home: string;
  visited: string;
  tier: 'standard' | 'gold' | 'diamond' | 'platinum';
  /** Now, after the discount; it follows the agreed hours. */
  price_per_kwh: Money;
  /** The energy price that comes next within a day. */
  next: { from: string; price: Money } | null;
  undiscounted: Money | null;
  discount_bps: number;
  parts: Part[];
  taxes: Tax[];
  reason: 'tariff' | 'present_load' | 'forecast';
  load_bps: number;
  floor: Money;
  cap: Money;
  roaming: boolean;
  /** What a prepaid driver's balance keeps for it. */
  hold: Money | null;
  expected: { energy_mwh: number; low: Money; expected: Money; high: Money };
  lines: string[];
  local: boolean;
  /** The driver's own, BCP 47; empty where nobody said. */
  language: string;
}

export interface Bill {
  kind: 'bill';
  session: string;
  energy_mwh: number;
  total: Money;
  soc: number | null;
  home: string;
  agreed: boolean;
  breakdown: {
    lines: { dimension: Part['dimension']; quantity: number; unit_price: Money; amount: Money }[];
    /** What the tariff's least or greatest price changed. */
    limit: Money | null;
    /** Negative. */
    discount: Money | null;
    taxes: (Tax & { amount: Money })[];
    /** What the whole cents above leave of the total. */
    rounding: Money | null;
  };
}

export interface Charge {
  kind: 'charging';
  session: string | null;
  energy_mwh: number;
  power_w: number;
  soc: number | null;
  cost: Money | null;
  /** Energy that the cost is of. */
  costed_mwh: number | null;
  seconds: number;
}

export interface Typed {
  kind: 'typing';
  digits: number;
  groups: string[];
  state: 'open' | 'unfit' | 'complete' | 'wrong';
  missing: number;
  error: string | null;
  /** Why the number was not taken, once the driver wanted to go on. */
  refused: string | null;
  /** The group that is wrong, from 0, where one can be named. */
  group: number | null;
}

export type Screen =
  | { kind: 'offline' | 'prompt' | 'checking' | 'offer' | 'preparing' | 'plug_in' }
  | { kind: 'pin'; digits: number }
  | { kind: 'error'; code: string; text: string }
  | { kind: 'thanks'; session: string | null; energy_mwh: number; soc: number | null }
  | { kind: 'faulted'; code: string | null; text: string }
  | Typed
  | Charge
  | Bill;
