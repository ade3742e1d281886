//! What a rule is asked, as bytes.
//!
//! A question is a row of 64-bit little-endian whole numbers ("words"): [`HEAD_WORDS`] about the charge, then [`PERIOD_WORDS`] per
//! period. The words and their order are the ABI of version [`ABI_VERSION`]; docs/rules.md lists them for authors, and
//! `words_stand_where_the_documentation_says` holds the two together.

use fairway_model::time::Time;
use fairway_model::{Adjustments, Micro, Period, PeriodKind, Split, Tier};

/// The first word of every question.
pub const ABI_VERSION: i64 = 1;
/// Words before the periods.
pub const HEAD_WORDS: usize = 19;
/// Words per period.
pub const PERIOD_WORDS: usize = 4;
/// Bytes of a word.
const WORD_BYTES: usize = 8;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The energy price per kWh, net, in micro-units: asked once for each line of energy whose list price is not zero.
    EnergyPrice {
        /// The tariff's price.
        list: Micro,
        /// The agreed base rule's price: list times load, before the corridor.
        base: Micro,
        /// Energy that this line bills, in milliwatt-hours.
        energy: u64,
    },
    /// The home utility's share of the net price, in basis points: asked once, after the price.
    HomeShare {
        /// The net price before discount.
        net: Micro,
    },
}

/// One question about one charge.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What is asked.
    pub ask: Ask,
    /// Load, tier, discount and corridor of the offer.
    pub adjustments: &'a Adjustments,
    /// The agreed split.
    pub split: Split,
    /// Begin of the charge.
    pub begin: Time,
    /// End of the charge.
    pub end: Time,
    /// Milliseconds to add to UTC for local time at the begin.
    pub utc_offset: i64,
    /// All energy of the charge in milliwatt-hours.
    pub energy: u64,
    /// The charge's periods; none for the price shown before a charge.
    pub periods: &'a [Period],
}

impl Question<'_> {
    /// The bytes that the module finds at address 0.
    pub fn to_bytes(&self) -> Vec<u8> {
        let capacity = self
            .periods
            .len()
            .saturating_mul(PERIOD_WORDS)
            .saturating_add(HEAD_WORDS)
            .saturating_mul(WORD_BYTES);
        let mut out = Vec::with_capacity(capacity);
        for word in self.head() {
            out.extend_from_slice(&word.to_le_bytes());
        }
        let ends = self.periods.iter().skip(1).map(|next| next.start);
        for (period, end) in self.periods.iter().zip(ends.chain([self.end])) {
            let kind = match period.kind {
                PeriodKind::Charging => 0,
                PeriodKind::Parking => 1,
            };
            for word in [period.start.0, end.0, kind, whole(period.energy.0)] {
                out.extend_from_slice(&word.to_le_bytes());
            }
        }
        out
    }

    fn head(&self) -> [i64; HEAD_WORDS] {
        let (ask, list, base, line, net) = match self.ask {
            Ask::EnergyPrice { list, base, energy } => (1, list.0, base.0, whole(energy), 0),
            Ask::HomeShare { net } => (2, 0, 0, whole(self.energy), net.0),
        };
        let adjustments = self.adjustments;
        let tier = match adjustments.tier {
            Tier::Standard => 0,
            Tier::Gold => 1,
            Tier::Diamond => 2,
            Tier::Platinum => 3,
        };
        [
            ABI_VERSION,
            ask,
            list,
            base,
            adjustments.corridor.floor.0,
            adjustments.corridor.cap.0,
            i64::from(adjustments.load_bps),
            tier,
            i64::from(adjustments.discount_bps),
            self.begin.0,
            self.end.0,
            self.utc_offset,
            whole(self.energy),
            line,
            net,
            i64::from(self.split.home_bps),
            i64::from(self.split.visited_bps),
            i64::from(self.split.owner_bps),
            i64::try_from(self.periods.len()).unwrap_or(i64::MAX),
        ]
    }
}

/// Energy as a word; more than fits is far over every cap.
fn whole(energy: u64) -> i64 {
    i64::try_from(energy).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_model::{Corridor, Energy};

    /// The table in docs/rules.md.
    #[test]
    fn words_stand_where_the_documentation_says() {
        let adjustments = Adjustments {
            load_bps: 10_500,
            tier: Tier::Diamond,
            discount_bps: 300,
            corridor: Corridor {
                floor: Micro(200_000),
                cap: Micro(600_000),
            },
        };
        let period = |start, kind, energy| Period {
            start: Time(start),
            kind,
            energy: Energy(energy),
            power_w: Some(1),
            current_ma: None,
        };
        let question = Question {
            ask: Ask::EnergyPrice {
                list: Micro(380_000),
                base: Micro(399_000),
                energy: 40,
            },
            adjustments: &adjustments,
            split: Split {
                home_bps: 1,
                visited_bps: 2,
                owner_bps: 9_997,
            },
            begin: Time(1_000),
            end: Time(9_000),
            utc_offset: -5,
            energy: 44,
            periods: &[
                period(1_000, PeriodKind::Charging, 44),
                period(5_000, PeriodKind::Parking, 0),
            ],
        };
        let words = |q: &Question<'_>| -> Vec<i64> {
            q.to_bytes()
                .chunks(WORD_BYTES)
                .map(|c| i64::from_le_bytes(c.try_into().unwrap()))
                .collect()
        };
        let tail = [1_000, 5_000, 0, 44, 5_000, 9_000, 1, 0];
        let mut want = vec![
            1, 1, 380_000, 399_000, 200_000, 600_000, 10_500, 2, 300, 1_000, 9_000, -5, 44, 40, 0,
            1, 2, 9_997, 2,
        ];
        want.extend(tail);
        assert_eq!(words(&question), want);
        let share = Question {
            ask: Ask::HomeShare { net: Micro(7) },
            ..question
        };
        assert_eq!(&words(&share)[1..4], [2, 0, 0]);
        assert_eq!(&words(&share)[13..15], [44, 7]);
    }
}
