//! What charges came to in a month: the sums of the utility's own books, by direction and partner, beside those of the month before.
//!
//! Invariant: in every part, what drivers pay is what goes to the partner, to site owners, to the tax authority and to this utility.

use crate::machine::Utility;
use fairway_aaa::accounts::results::{Month, ResultKey, Sums};
use fairway_model::{Currency, Energy, MemberId, Micro, MoneyError, Refusal, RefusalCode, Time};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// Which charges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum ResultKind {
    /// Own drivers at own stations.
    #[n(0)]
    Own,
    /// Others' drivers at own stations: the paper's TCR, what customers of other regions bring.
    #[n(1)]
    Inbound,
    /// Own drivers at others' stations.
    #[n(2)]
    Outbound,
    /// All of them.
    #[n(3)]
    All,
}

/// What some charges came to. Credits of the month are taken off every amount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub struct ResultPart {
    /// Charges that the ledger settled.
    #[n(0)]
    pub charges: u64,
    /// Their energy.
    #[n(1)]
    pub energy: Energy,
    /// What drivers pay, taxes included.
    #[n(2)]
    pub billed: Micro,
    /// What of it the other utility has: the home utility's roaming fee of inbound charges, all but our own of outbound ones.
    #[n(3)]
    pub partners: Micro,
    /// What of it the owners of our sites have.
    #[n(4)]
    pub owners: Micro,
    /// What of it is tax that we collect.
    #[n(5)]
    pub taxes: Micro,
    /// What prepaid balances did not cover, below nothing; it is our loss.
    #[n(6)]
    pub shortfall: Micro,
    /// What is left to us.
    #[n(7)]
    pub net: Micro,
    /// Credits.
    #[n(8)]
    pub credits: u64,
    /// What drivers got back by them.
    #[n(9)]
    pub credited: Micro,
}

/// One line of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ResultLine {
    /// In which currency.
    #[n(0)]
    pub currency: Currency,
    /// Which charges.
    #[n(1)]
    pub kind: ResultKind,
    /// Only those with this partner; all of the kind where there is none.
    #[n(2)]
    pub partner: Option<MemberId>,
    /// In the month.
    #[n(3)]
    pub now: ResultPart,
    /// In the month before.
    #[n(4)]
    pub before: ResultPart,
}

/// Results of a month.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ResultsView {
    /// The month.
    #[n(0)]
    pub month: Month,
    /// The one before.
    #[n(1)]
    pub before: Month,
    /// Months with results, the newest first; at most [`fairway_aaa::accounts::results::MAX_MONTHS`].
    #[n(2)]
    pub months: Vec<Month>,
    /// Lines by currency and kind; in each kind the whole first, then each partner. Grows with the number of members only.
    #[n(3)]
    pub lines: Vec<ResultLine>,
    /// Names of the partners.
    #[n(4)]
    pub names: Vec<(MemberId, String)>,
}

impl ResultPart {
    fn of(kind: ResultKind, sums: &Sums) -> Result<Self, MoneyError> {
        let billed = sums.total.minus(sums.credited)?;
        let home = sums.shares.home.minus(sums.returned.home)?;
        let visited = sums.shares.visited.minus(sums.returned.visited)?;
        let here = Self {
            charges: sums.charges,
            energy: sums.energy,
            billed,
            owners: sums.shares.owner.minus(sums.returned.owner)?,
            taxes: sums.shares.tax.minus(sums.returned.tax)?,
            shortfall: sums.shortfall,
            credits: sums.credits,
            credited: sums.credited,
            ..Self::default()
        };
        Ok(match kind {
            ResultKind::Inbound => Self {
                partners: home,
                net: visited,
                ..here
            },
            // Owners and taxes of others' stations are the partner's affair.
            ResultKind::Outbound => Self {
                partners: billed.minus(home)?,
                owners: Micro::ZERO,
                taxes: Micro::ZERO,
                net: home.plus(sums.shortfall)?,
                ..here
            },
            ResultKind::Own | ResultKind::All => Self {
                net: home.plus(visited)?.plus(sums.shortfall)?,
                ..here
            },
        })
    }

    fn plus(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            charges: self.charges.saturating_add(other.charges),
            // As in the books: it is for reading, and no bill is made of it.
            energy: self.energy.plus(other.energy).unwrap_or(Energy(u64::MAX)),
            billed: self.billed.plus(other.billed)?,
            partners: self.partners.plus(other.partners)?,
            owners: self.owners.plus(other.owners)?,
            taxes: self.taxes.plus(other.taxes)?,
            shortfall: self.shortfall.plus(other.shortfall)?,
            net: self.net.plus(other.net)?,
            credits: self.credits.saturating_add(other.credits),
            credited: self.credited.plus(other.credited)?,
        })
    }
}

/// The month before a month.
fn before((year, month): Month) -> Month {
    if month > 1 {
        (year, month.saturating_sub(1))
    } else {
        (year.saturating_sub(1), 12)
    }
}

/// Two parts, in the month and before it, by currency, kind and partner.
type Lines = BTreeMap<(Currency, ResultKind, Option<MemberId>), [ResultPart; 2]>;

fn add(
    lines: &mut Lines,
    place: (Currency, ResultKind, Option<MemberId>),
    (now, part): (bool, ResultPart),
) -> Result<(), MoneyError> {
    let [in_month, in_before] = lines.entry(place).or_default();
    let sum = if now { in_month } else { in_before };
    *sum = sum.plus(part)?;
    Ok(())
}

impl Utility {
    /// Results of a month, of the present one where none is asked for.
    ///
    /// # Errors
    /// `too-large` when a sum does not fit.
    pub(crate) fn results(&self, now: Time, asked: Option<Month>) -> Result<ResultsView, Refusal> {
        let month = asked.unwrap_or_else(|| self.node.aaa.charges().month_of(now));
        let previous = before(month);
        let all = self.node.aaa.accounts().results();
        let months: BTreeSet<Month> = all.map(|(key, _)| key.month).collect();
        let mut lines = Lines::new();
        let all = self.node.aaa.accounts().results();
        for (key, sums) in all.filter(|(key, _)| key.month == month || key.month == previous) {
            self.count_result(&mut lines, (key, key.month == month), sums)
                .map_err(|e| Refusal::new(RefusalCode::TooLarge, e.to_string()))?;
        }
        let partners: BTreeSet<MemberId> = lines.keys().filter_map(|(_, _, p)| *p).collect();
        Ok(ResultsView {
            month,
            before: previous,
            months: months.into_iter().rev().collect(),
            lines: lines
                .into_iter()
                .map(|((currency, kind, partner), [now, before])| ResultLine {
                    currency,
                    kind,
                    partner,
                    now,
                    before,
                })
                .collect(),
            names: partners
                .into_iter()
                .map(|id| (id, self.registry.name_of(id)))
                .collect(),
        })
    }

    fn count_result(
        &self,
        lines: &mut Lines,
        (key, now): (&ResultKey, bool),
        sums: &Sums,
    ) -> Result<(), MoneyError> {
        let (kind, partner) = if key.home == key.visited {
            (ResultKind::Own, None)
        } else if key.visited == self.me.id {
            (ResultKind::Inbound, Some(key.home))
        } else {
            (ResultKind::Outbound, Some(key.visited))
        };
        let part = ResultPart::of(kind, sums)?;
        for each in [ResultKind::Own, ResultKind::Inbound, ResultKind::Outbound] {
            lines.entry((key.currency, each, None)).or_default();
        }
        for of in [kind, ResultKind::All] {
            add(lines, (key.currency, of, None), (now, part))?;
        }
        match partner {
            Some(_) => add(lines, (key.currency, kind, partner), (now, part)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_model::Shares;

    fn sums() -> Sums {
        let shares = |part: i64| Shares {
            home: Micro(100 * part),
            visited: Micro(500 * part),
            owner: Micro(250 * part),
            tax: Micro(50 * part),
        };
        Sums {
            charges: 3,
            energy: Energy(7),
            total: Micro(9_000),
            shares: shares(10),
            credits: 1,
            credited: Micro(900),
            returned: shares(1),
            shortfall: Micro(-30),
        }
    }

    #[test]
    fn what_drivers_pay_is_what_everybody_has() {
        for kind in [ResultKind::Own, ResultKind::Inbound, ResultKind::Outbound] {
            let lost = if kind == ResultKind::Inbound { 0 } else { -30 };
            let sums = Sums {
                shortfall: Micro(lost),
                ..sums()
            };
            let part = ResultPart::of(kind, &sums).unwrap();
            let gone = part.partners.0 + part.owners.0 + part.taxes.0;
            assert_eq!(part.billed, Micro(8_100));
            assert_eq!(part.billed.0 - gone + lost, part.net.0, "{kind:?}");
        }
        let outbound = ResultPart::of(ResultKind::Outbound, &sums()).unwrap();
        assert_eq!(
            (outbound.partners, outbound.net),
            (Micro(7_200), Micro(870))
        );
    }

    #[test]
    fn the_month_before_january_is_december() {
        assert_eq!(before((2_026, 1)), (2_025, 12));
        assert_eq!(before((2_026, 12)), (2_026, 11));
    }
}
