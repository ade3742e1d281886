import type { Money } from '../lib/shapes.ts';

/** The answers of the API under the names of its OpenAPI document. Energy in milliwatt-hours, shares in basis points, times in RFC 3339. */

export type Role = 'operator' | 'roaming_manager' | 'auditor' | 'engineer' | 'driver';

export interface Me {
  account: string;
  name: string;
  display_name: string;
  role: Role;
  csrf: string;
  expires_at: string;
  demonstration: boolean;
  customer: string | null;
  member: { id: string; name: string; kind: 'utility' | 'witness' };
  now: string;
  clock_speed: number;
}

export interface SetupState {
  needed: boolean;
  member: string;
  name: string;
  demonstration: boolean;
}

export interface Account {
  account: string;
  name: string;
  display_name: string;
  role: Role;
  customer: string | null;
  disabled: boolean;
  created_at: string;
  last_login_at: string | null;
}

export interface Outcomes {
  attempts: number;
  charged: number;
  refused: number;
  not_started: number;
  declined: number;
  open: number;
  disputed: number;
  success_bps: number | null;
  refusals: { code: string; count: number }[];
}

export interface Alert {
  severity: 'error' | 'warning' | 'info';
  code: string;
  text: string;
  link: string;
}

export interface Overview {
  member: string;
  now: string;
  today: Outcomes;
  month: Outcomes;
  active_sessions: number;
  connected_stations: number;
  stations: number;
  evses: number;
  visiting_profiles: number;
  policy_version: number;
  money: { own: Money[]; roaming_in: Money[]; roaming_out: Money[] };
  energy_today_mwh: number;
  ledger: { height: number; peers: number; stalled: boolean; finalized_age_ms: number; validators: number; time: string };
  books_balance: boolean;
  alerts: Alert[];
}

export type EvseState = 'available' | 'occupied' | 'reserved' | 'unavailable' | 'faulted' | 'unknown';

export interface Evse {
  evse: string;
  number: number;
  state: EvseState;
  session: Session | null;
  area: string;
  time_zone: string;
  owner: string;
  max_power_w: number;
  meter_key: string;
}

export interface Station {
  station: string;
  connected: boolean;
  connected_since: string | null;
  evses: Evse[];
}

export interface Session {
  session: string;
  role: 'home' | 'visited' | 'both';
  home: string | null;
  visited: string;
  evse: string | null;
  station: string | null;
  state: string;
  at: string;
  local: boolean;
  /** Nothing delivered is zero. */
  energy_mwh: number;
  soc: number | null;
  total: Money | null;
  refusal: Refusal | null;
}

export interface Refusal {
  code: string;
  text: string;
}

export interface FlowChart {
  states: { id: string; title: string }[];
  transitions: { from: string; step: string; to: string; flow: string; words: string }[];
}

export interface BreakdownLine {
  dimension: string;
  element: number;
  quantity: number;
  billed: number;
  unit: string;
  list_price: Money;
  unit_price: Money;
  amount: Money;
  vat_ppm: number | null;
  held_by_corridor: boolean;
}

export interface Breakdown {
  currency: string;
  lines: BreakdownLine[];
  net: Money;
  limit_change: Money;
  discount: Money;
  taxes: { name: string; rate_ppm: number; base: Money; amount: Money }[];
  rounding: Money;
  total: Money;
  energy_mwh: number;
  rule: { hash: string; verdict: 'used' | 'declined' | 'fell_back'; why: string | null } | null;
}

export interface Split {
  rule: 'fixed' | 'shapley' | 'nash' | null;
  title: string | null;
  home: Money;
  visited: Money;
  owner: Money;
  tax: Money;
  costs: Money | null;
  surplus: Money | null;
  alone: Money | null;
  by_parts: { home: Money; visited: Money; owner: Money } | null;
}

export interface Case {
  session: string;
  opener: string;
  home: string;
  visited: string;
  reason: string;
  evidence: string;
  claimed: Money;
  opened_at: string;
  answer_until: string;
  answered: Money | null;
  settle_until: string | null;
  panel: string[];
  vote_until: string | null;
  end: { ruling: string; total: Money; credited: Money; at: string } | null;
}

export interface Hop {
  at: string;
  from: string;
  to: string;
  steps: string[];
  what: string;
}

export interface Statement {
  tier: string;
  service: string;
  class: string;
  payment: string;
  language: string;
  issued_at: string;
  expires_at: string;
  reusable: boolean;
  standing_acceptance: boolean;
  guarantee: { id: string; limit: Money | null; valid_until: string };
  signature: string;
  verified: boolean | null;
}

export interface Offer {
  hash: string;
  agreement: string;
  tariff: string;
  adjustments: { load_bps: number; tier: string; discount_bps: number; floor: Money; cap: Money };
  estimate: { energy_mwh: number; low: Money; expected: Money; high: Money; breakdown: Breakdown };
  hold: Money;
  policy_version: number;
  issued_at: string;
  valid_until: string;
  reasons: string[];
  visited_signature: string;
  visited_verified: boolean | null;
  home: { kind: 'signed' | 'standing'; signature: string | null; statement: string | null; verified: boolean | null };
}

/** What a record says is there only where it can be read. */
export interface Reading {
  at: string | null;
  register_mwh: number | null;
  context: string | null;
  pagination: number | null;
  record: string;
  verified: boolean | null;
  fault: string | null;
}

export interface Rater {
  member: string;
  role: 'visited' | 'home';
  total: Money | null;
  signature: string;
  verified: boolean | null;
}

export interface ChargeEvent {
  hash: string;
  agreement: string;
  tariff: string;
  total: Money | null;
  driver: string;
  periods: { start: string; kind: string; energy_mwh: number; power_w: number | null }[];
  end: string;
}

export interface Check {
  check: string;
  title: string;
  expected: string;
  found: string;
  ok: boolean;
}

export interface Settlement {
  transaction: string;
  height: number;
  time: string | null;
  postings: Posting[];
}

export interface Posting {
  account: string;
  amount: Money;
}

/** One charge, whole. */
export interface Story {
  session: Session;
  gateway_state: string | null;
  state_since: string | null;
  parties: { home: { id: string; name: string } | null; visited: { id: string; name: string }; owner: string | null };
  place: { station: string; evse: string; number: number; area: string; time_zone: string } | null;
  hops: Hop[];
  identification: { local: boolean; home: string | null; statement: Statement | null };
  negotiation: { rounds: number | null; offer: Offer } | null;
  consent: { method: string; given_at: string; signature: string; verified: boolean | null } | null;
  /** none, submitted, placed or gone. */
  hold: string | null;
  meter: { key: string | null; readings: Reading[]; refused_records: string[]; evidence: string | null; start_mwh: number | null; end_mwh: number | null } | null;
  rating: { breakdown: Breakdown; by: Rater[] } | null;
  event: ChargeEvent | null;
  split: Split | null;
  checks: Check[];
  settlement: Settlement | null;
  bill: { month: string; customer: string } | null;
  cases: Case[];
  refusal: Refusal | null;
}

export interface Customer {
  customer: string;
  cin: string;
  cin_grouped?: string;
  name: string;
  class: string;
  tier: string;
  service: string;
  payment: string;
  credit_limit: Money;
  balance: Money;
  language: string;
  has_pin: boolean;
  credentials: string[];
  blocked: boolean;
  version: number;
  since: string;
}

export interface Visitor {
  home: string;
  home_name: string;
  tier: string;
  service: string;
  class: string;
  payment: string;
  issued_at: string;
  forget_at: string;
  guarantee: string;
  limit: Money | null;
  used: Money | null;
  valid_until: string;
  standing_acceptance: boolean;
}

export interface Rules {
  tariff: string;
  max_load_bps: number;
  expected_energy_mwh: number;
  spread_bps: number;
  guarantee_micro: number;
}

export interface Policy {
  version: number;
  residential: Rules;
  commercial: Rules;
  partners: { home: string; tariff: string; max_load_bps: number }[];
  offer_ttl_ms: number;
  profile_ttl_ms: number;
  home_timeout_ms: number;
  attempts_per_minute: number;
  money: { auto_pay: boolean; warn_days: number } | null;
  loads: { area: string; load_bps: number }[];
}

export interface AgreementRow {
  agreement: string;
  home: string;
  visited: string;
  version: number;
  proposer: string;
  currency: string;
  valid_from: string;
  valid_until: string;
  stage: string;
  state: string;
  waits_for_us: boolean;
  partner: string;
  partner_name: string;
  countersigned_at: string | null;
  superseded_by: string | null;
}

export interface TariffComponent {
  dimension: string;
  price: Money;
  vat_ppm: number | null;
  step_size: number;
}

/** When a group of prices applies; every given value must hold. */
export interface Restrictions {
  start_minute: number | null;
  end_minute: number | null;
  start_day: number | null;
  end_day: number | null;
  min_energy_mwh: number | null;
  max_energy_mwh: number | null;
  min_current_ma: number | null;
  max_current_ma: number | null;
  min_power_w: number | null;
  max_power_w: number | null;
  min_duration_s: number | null;
  max_duration_s: number | null;
  /** Bits, Monday is 1; 0 is every day. */
  days: number;
  reservation: boolean;
}

export interface TariffElement {
  components: TariffComponent[];
  restrictions: Restrictions | null;
}

export interface TariffLimit {
  before_taxes: Money;
  after_taxes: Money | null;
}

export interface Tariff {
  id: string;
  elements: TariffElement[];
  min_price: TariffLimit | null;
  max_price: TariffLimit | null;
  valid_from: string | null;
  valid_until: string | null;
  sales_taxes: { name: string; rate_ppm: number; on: string[] }[];
}

export interface SplitRule {
  kind: 'shapley' | 'nash';
  costs: { energy_per_kwh: Money; network_per_kwh: Money; per_charge: Money };
  ad_hoc: { price_per_kwh: Money; chance_bps: number } | null;
  alone: { home_per_kwh: Money; visited_per_kwh: Money; owner_per_kwh: Money } | null;
}

export interface ForecastTerms {
  curve: { level: number; bps: number }[];
  step_bps: number;
  notice_hours: number;
  skill_days: number;
  weekday_bps: number[];
  weekend_bps: number[];
  spare: string | null;
}

/** The terms of an agreement as data. */
export interface Terms {
  version: number;
  home: string;
  visited: string;
  currency: string;
  valid_from: string;
  valid_until: string;
  tariffs: Tariff[];
  corridor: { floor: Money; cap: Money };
  load_band: { min_bps: number; max_bps: number };
  caps: { energy_per_charge_mwh: number; amount_per_charge: Money; exposure: Money };
  tiers: { tier: string; discount_bps: number; home_bears_bps: number }[];
  split: { home_bps: number; visited_bps: number; owner_bps: number };
  split_rule: SplitRule | null;
  hold_ttl_ms: number;
  netting_days: number;
  due_days: number;
  interest_bps: number;
  dispute_days: number;
  notice_days: number | null;
  session_caps: { concurrent: number | null; per_day: number | null } | null;
  service: { least_served_bps: number; penalty: Money; penalty_cap: Money; answer_hours: number } | null;
  collateral: Money | null;
  model: string | null;
  rule: string | null;
  rule_fuel: number | null;
  annex_hash: string | null;
  forecast: ForecastTerms | null;
}

/** Who pays and gets what; the last four add up to the first. */
export interface EffectAmounts {
  driver: Money;
  home: Money;
  visited: Money;
  owner: Money;
  tax: Money;
}

/** What newer terms would have meant for settled charges. */
export interface Effect {
  from: string;
  to: string;
  charges: number;
  more: boolean;
  energy_mwh: number;
  older: EffectAmounts;
  newer: EffectAmounts;
  over_cap: number;
  unrated: number;
  why: string | null;
  most: { session: string; start: string; energy_mwh: number; load_bps: number; older: EffectAmounts; newer: EffectAmounts }[];
}

export interface TariffRow {
  agreement: string;
  version: number;
  home: string;
  home_name: string;
  visited: string;
  state: string;
  currency: string;
  tariff: Tariff;
}

/** What a station's screen shows of a tariff: its view, and what the imagined charge costs. */
export interface TariffPreview {
  view: unknown;
  total: Money;
  breakdown: Breakdown;
}

export interface Agreement {
  /** None where this member is no party of it. */
  row: AgreementRow | null;
  terms: Terms;
  text: string;
  text_hash: string;
}

export interface AgreementCheck {
  agreement: string;
  text: string;
  ok: boolean;
  problem: string | null;
}

export interface AgreementDiff {
  changes: { path: string; from: unknown; to: unknown }[];
  text: { kind: 'same' | 'removed' | 'added'; line: string }[];
}

export interface Partner {
  member: string;
  name: string;
  evses: number;
  areas: string[];
  offers_open: number;
  record: {
    served: number;
    energy_mwh: number;
    sent: number;
    refused: number;
    disputes: number;
    answered: number;
    penalties: number;
    payments: number;
    disputed: number;
    corrected: number;
    [other: string]: unknown;
  };
  owes: { owes: Money; has: Money }[];
  agreements: { home: string; visited: string; agreement: string }[];
}

export interface Network {
  chain: string;
  height: number;
  time: string;
  finalized_age_ms: number;
  epoch: number;
  validators: number;
  votes: boolean;
  peers: number;
  mempool: number;
  view: number;
  stalled: boolean;
  /** Why the node stopped. */
  error: string | null;
  state_root: string;
  genesis: string;
  first: number;
  whole: number;
  members: {
    member: string;
    name: string;
    kind: 'utility' | 'witness';
    standing: string;
    role: string;
    endpoint: string;
    validator_key: string | null;
  }[];
}

export interface ForecastRow {
  agreement: string;
  home: string;
  visited: string;
  package: string | null;
  load_book: boolean;
}

export interface ForecastHour {
  hour: string;
  clock: number;
  bps: number;
  table_bps: number | null;
  quantiles_kw: number[] | null;
  baseline_kw: number[] | null;
  own_kw: number | null;
  load_kw: number | null;
}

export interface Forecast {
  agreement: string;
  day: string;
  /** The region whose clock the hours are of. */
  region: string;
  member: string;
  corridor: { floor: Money; cap: Money };
  load_band: { min_bps: number; max_bps: number };
  published: boolean;
  reason: string | null;
  hours: ForecastHour[];
  levels: number[];
  package: string | null;
  inputs: string | null;
  height: number | null;
  skill: {
    days: { day: string; hours: number; loss: number; baseline: number; own: number | null; bias_ppm: number; skill_bps: number | null }[];
    skill_bps: number | null;
  };
}

export interface Debt {
  debtor: string;
  creditor: string;
  amount: Money;
}

export interface Cycle {
  currency: string;
  cycle: string;
  height: number;
  transaction: string;
  closed_at: string;
  before: Debt[];
  after: Debt[];
  gross: Money;
  net: Money;
}

export interface Obligation {
  obligation: string;
  cycle: string;
  debtor: string;
  creditor: string;
  amount: Money;
  open: Money;
  accrued: Money;
  due: string;
  overdue: boolean;
  sent: boolean;
  transaction: string | null;
  height: number | null;
}

export interface BillLine {
  session: string;
  visited: string;
  visited_name: string;
  evse: string;
  start: string;
  end: string;
  energy_mwh: number;
  total: Money;
  breakdown: Breakdown;
  offer: string;
  meter_evidence: string;
  agreement: string | null;
  event: string;
  transaction: string | null;
  height: number | null;
  split: Split | null;
  proof: string | null;
}

export interface Bill {
  utility: string;
  utility_name: string;
  customer: string;
  cin: string;
  month: string;
  currency: string;
  lines: BillLine[];
  total: Money;
  pending: number;
  credits: { session: string; at: string; amount: Money; reason: string; transaction: string; height: number }[];
}

export interface BillMonth {
  month: string;
  total: Money;
  lines: number;
  credits: number;
  pending: number;
}

export interface MyHome {
  customer: Customer;
  live: Session[];
  month: BillMonth | null;
}

export interface Dispute {
  dispute: string;
  session: string;
  reason: string;
  text: string;
  claimed: Money | null;
  made_at: string;
  state: 'received' | 'opened' | 'closed';
  answer: string | null;
  evidence: string;
}

export interface Block {
  height: number;
  time: string;
  digest: string;
  parent: string;
  state_root: string;
  proposer: string;
  transactions: number;
}

export interface BlockPage {
  block: Block;
  entries: BlockEntry[];
}

export interface BlockEntry {
  transaction: string;
  plain: string;
  kind: string;
  member: string | null;
  outcome: 'applied' | 'refused';
}

export interface Transaction {
  transaction: string;
  height: number;
  time: string;
  member: string;
  member_name: string;
  kind: string;
  plain: string[];
  outcome: 'applied' | 'refused';
  refusal: Refusal | null;
  items: { plain: string[]; kind: string; outcome: string; session: string | null }[];
  postings: Posting[];
  fields: { name: string; value: string }[];
  bytes: string;
  receipt: string;
  signers: string[];
  validators: number;
  signed_height: number;
  session: string | null;
}

export interface Accounts {
  height: number;
  complete: boolean;
  accounts: { account: string; kind: string; amount: Money }[];
  sums: Money[];
  positions: Debt[];
}

export interface Proven {
  proven: boolean;
  height: number | null;
  signed_height: number | null;
  transaction: string | null;
  signers: string[];
  lines: string[];
}
