//! Named bounds of the contracts.

use fairway_model::energy::Energy;
use fairway_model::time::{DAY, HOUR, MINUTE};

/// Most EVSEs of one station.
pub const MAX_STATION_EVSES: usize = 64;
/// Longest meter key in bytes (SubjectPublicKeyInfo, DER).
pub const MAX_METER_KEY_BYTES: usize = 256;
/// Longest grid area name in bytes.
pub const MAX_AREA_LEN: usize = 32;
/// Longest time zone name in bytes.
pub const MAX_TIME_ZONE_LEN: usize = 48;
/// Most countersigned agreements that one direction of a pair remembers; the oldest is forgotten as a price for new charges only.
pub const MAX_PAIR_VERSIONS: usize = 8;
/// Most recognised tiers of an agreement: one per tier of the model.
pub const MAX_TIERS: usize = 4;
/// Longest validity of an agreement in milliseconds: ten years.
pub const MAX_AGREEMENT_MS: i64 = 3_653 * DAY;
/// Longest life of a hold that an agreement may grant, in milliseconds.
pub const MAX_HOLD_TTL_MS: i64 = 35 * DAY;
/// Most days of any deadline in an agreement.
pub const MAX_DEADLINE_DAYS: u16 = 366;
/// Most days of notice before an agreement ends.
pub const MAX_NOTICE_DAYS: u16 = 366;
/// Most hours in which a claim of refusal may be answered: a month.
pub const MAX_ANSWER_HOURS: u16 = 31 * 24;
/// Highest multiplier of energy prices for load, in basis points.
pub const MAX_LOAD_BPS: u32 = 100_000;
/// How far a charge's end may lie after the time of the block that settles it, in milliseconds: clocks differ.
pub const MAX_CLOCK_SKEW_MS: i64 = 2 * MINUTE;
/// How long after its end a charge may be settled, in milliseconds.
pub const MAX_CHARGE_AGE_MS: i64 = 90 * DAY;
/// How long after a newer version is in force holds of the version before it are still taken, in milliseconds: offers that were
/// open at the change.
pub const OFFER_GRACE_MS: i64 = 15 * MINUTE;
/// How long what a replaced member key signed still counts, in milliseconds, unless the key was compromised.
pub const KEY_OVERLAP_MS: i64 = 24 * HOUR;
/// How long after its expiry a disputed hold is still safe from being voided by others, in milliseconds.
pub const DISPUTED_HOLD_MS: i64 = 30 * DAY;
/// Most modules of custom rules that one member may upload.
pub const MAX_MEMBER_RULES: u32 = 64;
/// Most compiled modules that the cache keeps.
pub const MAX_CACHED_RULES: usize = 64;
/// Most items of a batch: sixty-four charges of usual length fill two thirds of a transaction.
pub const MAX_BATCH: usize = 64;
/// A meter's sold register is kept in pages of this much energy.
pub const METER_PAGE: Energy = Energy(32 * Energy::PER_KWH);
/// Most pages that one charge touches: four megawatt-hours.
pub const MAX_METER_PAGES: u64 = 128;
/// Most charges within one page, so that no stored value grows without bound: one for each 125 Wh.
pub const MAX_PAGE_STRETCHES: usize = 256;
/// Longest chain id in bytes.
pub const MAX_CHAIN_ID_LEN: usize = 48;
/// Most compiled agreements that the cache keeps.
pub const MAX_CACHED_AGREEMENTS: usize = 256;
/// Most time zones for which one cached agreement keeps compiled tariffs.
pub const MAX_CACHED_ZONES: usize = 16;
/// Most members of one netting. Beyond it no cycle is closed: positions are then paid between each two, by bank or by token.
pub const MAX_NETTING_MEMBERS: usize = 64;
/// Highest yearly interest on late payment in basis points.
pub const MAX_INTEREST_BPS: u32 = 10_000;
/// Days of a netting cycle on a new chain.
pub const NETTING_CYCLE_DAYS: u32 = 1;
/// Days to pay after a close on a new chain.
pub const DUE_TIME_DAYS: u32 = 14;
/// Yearly interest on late payment on a new chain, in basis points.
pub const LATE_INTEREST_BPS: u32 = 500;
/// Days after the due day before collateral may be taken on a new chain.
pub const COLLATERAL_GRACE_DAYS: u32 = 7;
/// Most members at genesis.
pub const MAX_GENESIS_MEMBERS: usize = 1_024;
/// Fewest validators that a vote or a departure may leave: the least number of which one may fail.
pub const MIN_VALIDATORS: usize = 4;
/// Most validators: what the chain accepts.
pub const MAX_VALIDATORS: usize = 100;
/// Longest address of a ledger node in bytes: an IPv6 address and a port.
pub const MAX_LEDGER_ADDRESS_LEN: usize = 64;
/// Most proposals that are open or wait for their height.
pub const MAX_OPEN_PROPOSALS: usize = 64;
/// Most decided proposals that the agenda still names.
pub const MAX_CLOSED_PROPOSALS: usize = 64;
/// Most proven misdeeds that the list on the ledger names; the record of each stays.
pub const MAX_LISTED_MISDEEDS: usize = 256;
/// The least notice of a member that leaves, in milliseconds, until the members vote on another.
pub const LEAVE_NOTICE_MS: i64 = 7 * DAY;
/// The longest time that a proposal is open, in milliseconds, until the members vote on another.
pub const VOTING_TIME_MS: i64 = 14 * DAY;
/// How long after its end an hour's energy may be stated and corrected, in milliseconds.
pub const ENERGY_WINDOW_MS: i64 = 7 * DAY;
/// How old a stated rate of exchange may be when a debt is converted by it, in days: a long weekend.
pub const MAX_RATE_AGE_DAYS: u32 = 4;
/// Longest name of a public source of rates in bytes.
pub const MAX_RATE_SOURCE_LEN: usize = 64;
/// Most credits that both parties sign for one charge.
pub const MAX_CREDITS: u32 = 100;
/// How long the other party has to answer a case, in milliseconds.
pub const CASE_ANSWER_MS: i64 = 7 * DAY;
/// How long after the answer the parties may settle or ask for a panel, in milliseconds.
pub const CASE_SETTLE_MS: i64 = 7 * DAY;
/// How long a panel may vote, in milliseconds.
pub const CASE_VOTE_MS: i64 = 7 * DAY;
/// Most seats of a panel; an odd number.
pub const PANEL_SEATS: usize = 3;
