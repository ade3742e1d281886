//! Named bounds and deadlines of the forecast on the ledger.

use fairway_forecast::backtest::Issue;
use fairway_forecast::readings::ReadingRules;
use fairway_model::time::{DAY, HOUR};

/// Hours of a page of readings: 28 days.
pub const PAGE_HOURS: i64 = 28 * 24;
/// Pages of readings that are kept of a member: at least 420 days.
pub const LOAD_PAGES: i64 = 16;
/// Pages of a member's own forecasts that are kept: at least 84 days.
pub const OWN_PAGES: i64 = 4;
/// How far back readings are taken when a book is opened, in hours: 420 days.
pub const HISTORY_HOURS: i64 = 420 * 24;
/// How long after it is opened a book takes readings of the time before, in hours.
pub const HISTORY_OPEN_HOURS: i64 = 30 * 24;
/// Most readings of one transaction: a week.
pub const MAX_READINGS: usize = 168;
/// What is asked of a reading.
pub const READING_RULES: ReadingRules = ReadingRules {
    open_hours: 72,
    spike: 3,
    most_suspects: 168,
};
/// Largest calendar in bytes.
pub const MAX_CALENDAR_BYTES: usize = 32 * 1024;
/// Days of a member's own forecasts that wait for their reveal.
pub const OWN_DAYS: i64 = 8;
/// When the contract's forecast of a day is issued; packages are made for it.
pub const ISSUE: Issue = Issue::TEN_THE_DAY_BEFORE;
/// The hour of the clock on the day before until which a commitment is revealed, and from which a schedule is made.
pub const REVEALED_BY: i64 = 11;
/// A member's own forecast must have a median within this many times its usual load, or that part of it.
pub const OWN_SPREAD: i64 = 3;
/// Largest part of a model in bytes; a transaction holds one.
pub const MAX_PART_BYTES: usize = 48 * 1024;
/// Most parts of a model.
pub const MAX_PARTS: u16 = 22;
/// Most bytes of models that one member stores.
pub const MAX_MEMBER_MODEL_BYTES: u64 = 32 << 20;
/// Most bytes of the models of one package together.
pub const MAX_PACKAGE_BYTES: u64 = 2 << 20;
/// Most packages put together that the cache keeps.
pub const MAX_CACHED_FORECASTERS: usize = 8;
/// How many blocks ahead a package may be agreed on.
pub const MAX_ACTIVATION_BLOCKS: u64 = 10_000_000;
/// Days whose prices are kept: longer than a charge may wait for its settlement.
pub const PRICE_DAYS: i64 = 128;
/// Days whose forecasts are kept for their score.
pub const DETAIL_DAYS: i64 = 16;
/// Days that the score remembers.
pub const SCORE_DAYS: usize = 90;
/// Scored days before a skill that is not positive counts.
pub const FEWEST_SCORED: usize = 7;
/// Hours of the trailing year that percentiles are taken of.
pub const YEAR_HOURS: i64 = 365 * 24;
/// Fewest known hours of the trailing year: a quarter of it.
pub const FEWEST_YEAR_HOURS: usize = 90 * 24;
/// Days over which the baseline takes its errors.
pub const BASELINE_DAYS: u16 = 28;
/// Days over which the coverage of the widest interval is watched.
pub const COVERAGE_DAYS: u16 = 30;
/// Drift monitors that must fire at once before the agreed table prices.
pub const MONITORS_THAT_STOP: usize = 2;
/// How long before a charge began the hour of its price may lie, in milliseconds: an offer that was open as the hour turned.
pub const PRICE_GRACE_MS: i64 = HOUR;
/// How long after a day's end it can be scored, in milliseconds: until its readings are closed.
pub const SCORE_AFTER_MS: i64 = 3 * DAY;
