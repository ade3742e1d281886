//! What the contracts remember about money after settlement.

use crate::money::effect::CycleSummary;
use crate::money::operation::{PaymentSent, Redemption, Reserve, UtcDay};
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::money::{Currency, Micro, MoneyError};
use fairway_model::time::Time;
use minicbor::{Decode, Encode};

/// What `debtor` owes `creditor`, not netted yet, with what belongs to the same direction. A position that only ever grew in blocks
/// that knew no netting has the bytes of a plain balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Default)]
pub struct PositionState {
    /// What is owed and in no cycle yet.
    #[n(0)]
    pub amount: Micro,
    /// The day on which it last grew.
    #[n(1)]
    pub grown: Option<UtcDay>,
    /// What of it stood when that day began and is unpaid; nothing when missing.
    #[n(2)]
    pub carried: Option<Micro>,
    /// What is open of the direction's obligations, interest included; nothing when missing.
    #[n(3)]
    pub obliged: Option<Micro>,
    /// Collateral that secures the direction; nothing when missing.
    #[n(4)]
    pub collateral: Option<Micro>,
}

/// One form for nothing: the field is missing.
fn some(amount: Micro) -> Option<Micro> {
    (amount != Micro::ZERO).then_some(amount)
}

impl PositionState {
    /// Owes more from `day` on; less, where the visited utility gave more away than its share (a discount that it bears).
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn grow(&mut self, amount: Micro, day: UtcDay) -> Result<(), MoneyError> {
        let sum = self.amount.plus(amount)?;
        if self.grown != Some(day) {
            self.grown = Some(day);
            self.carried = some(self.amount);
        }
        self.amount = sum;
        Ok(())
    }

    /// Owes less; the oldest is paid first.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn shrink(&mut self, amount: Micro) -> Result<(), MoneyError> {
        self.amount = self.amount.minus(amount)?;
        if amount > Micro::ZERO {
            let carried = self.carried.unwrap_or_default().minus(amount)?;
            self.carried = some(carried.max(Micro::ZERO));
        }
        Ok(())
    }

    /// What a cycle that is closed on `day` takes: what stood at the midnight that began the day, less what disputes froze.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn nettable(&self, day: UtcDay, frozen: Micro) -> Result<Micro, MoneyError> {
        let stood = if self.grown >= Some(day) {
            self.carried.unwrap_or_default()
        } else {
            self.amount
        };
        let free = stood.min(self.amount).minus(frozen)?;
        Ok(free.max(Micro::ZERO))
    }

    /// Changes what is open of the direction's obligations.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn oblige(&mut self, change: Micro) -> Result<(), MoneyError> {
        self.obliged = some(self.obliged.unwrap_or_default().plus(change)?);
        Ok(())
    }

    /// Changes the collateral.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn pledge(&mut self, change: Micro) -> Result<(), MoneyError> {
        self.collateral = some(self.collateral.unwrap_or_default().plus(change)?);
        Ok(())
    }

    /// What is owed in this direction at all: netted or not.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn owed(&self) -> Result<Micro, MoneyError> {
        self.amount.plus(self.obliged.unwrap_or_default())
    }

    /// What is owed and not secured; below nothing when the collateral is greater.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn unsecured(&self) -> Result<Micro, MoneyError> {
        self.owed()?.minus(self.collateral.unwrap_or_default())
    }
}

/// Where an obligation stands.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ObligationState {
    /// As the cycle left it.
    #[n(0)]
    pub amount: Micro,
    /// What of it is unpaid.
    #[n(1)]
    pub principal: Micro,
    /// Interest that was charged and is unpaid.
    #[n(2)]
    pub interest: Micro,
    /// The last day on which payment is in time.
    #[n(3)]
    pub due: UtcDay,
    /// Yearly interest after that in basis points.
    #[n(4)]
    pub interest_bps: u32,
    /// Through which day interest was charged; the due day at first.
    #[n(5)]
    pub charged_through: UtcDay,
    /// The debtor's newest word that money is on its way.
    #[n(6)]
    pub sent: Option<PaymentSent>,
    /// Height of the block that made it.
    #[n(7)]
    pub height: u64,
}

impl ObligationState {
    /// What is unpaid, interest included.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn open(&self) -> Result<Micro, MoneyError> {
        self.principal.plus(self.interest)
    }

    /// Interest from the day after the last charged one through `day`: simple, on the unpaid principal, actual days over 365,
    /// rounded half to even at the micro-unit.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn accrued(&self, day: UtcDay) -> Result<Micro, MoneyError> {
        interest(
            self.principal,
            self.interest_bps,
            day.since(self.charged_through),
        )
    }
}

impl ObligationState {
    /// Charges what ran up through a day and returns it.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn charge(&mut self, day: UtcDay) -> Result<Micro, MoneyError> {
        let amount = self.accrued(day)?;
        self.charged_through = self.charged_through.max(day);
        self.interest = self.interest.plus(amount)?;
        Ok(amount)
    }

    /// Pays interest first, then principal.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn pay(&mut self, amount: Micro) -> Result<(), MoneyError> {
        let on_interest = amount.min(self.interest);
        let on_principal = amount.minus(on_interest)?;
        self.interest = self.interest.minus(on_interest)?;
        self.principal = self.principal.minus(on_principal)?;
        Ok(())
    }
}

/// Simple interest of so many days: actual over 365, rounded half to even at the micro-unit.
///
/// # Errors
/// [`MoneyError::Overflow`].
pub fn interest(principal: Micro, bps: u32, days: u32) -> Result<Micro, MoneyError> {
    /// Basis points of the whole, times days of the year.
    const WHOLE: i64 = 10_000 * 365;
    let factor = i64::from(bps)
        .checked_mul(i64::from(days))
        .ok_or(MoneyError::Overflow("interest"))?;
    principal.scale(factor, WHOLE, fairway_model::money::Rounding::HalfEven)
}

/// A closed cycle of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CycleState {
    /// What it came to.
    #[n(0)]
    pub summary: CycleSummary,
    /// Height of the block that closed it.
    #[n(1)]
    pub height: u64,
    /// Time of that block.
    #[n(2)]
    pub closed_at: Time,
    /// Who handed it in.
    #[n(3)]
    pub by: MemberId,
    /// The cycle that was closed before it, if any.
    #[n(4)]
    pub before: Option<UtcDay>,
}

/// The newest closed cycle of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct LastCycle {
    /// The midnight at which it ended.
    #[n(0)]
    pub cycle: UtcDay,
}

/// What the whole consortium has agreed on about netting and late payment, set by vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneyTerms {
    /// Days of a netting cycle, at least 1; cycles begin at midnight UTC of days whose number since 1970 is a multiple of it.
    pub cycle_days: u32,
    /// Days from the closing block's day to the last day of payment in time.
    pub due_days: u32,
    /// Yearly interest on late payment in basis points.
    pub interest_bps: u32,
    /// Days after the due day before the creditor may take the collateral.
    pub grace_days: u32,
}

impl MoneyTerms {
    /// The newest end of a cycle that is not after `now`.
    pub fn newest_end(&self, now: Time) -> UtcDay {
        let day = UtcDay::of(now);
        let over = day.0.checked_rem(self.cycle_days).unwrap_or(0);
        UtcDay(day.0.saturating_sub(over))
    }
}

/// An issuer of tokens in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct IssuerState {
    /// The most that may be in circulation.
    #[n(0)]
    pub cap: Micro,
    /// SHA-256 of the readable terms.
    #[n(1)]
    pub terms: Hash,
    /// In circulation, tokens that wait to be paid out included.
    #[n(2)]
    pub outstanding: Micro,
    /// The newest word about the reserve.
    #[n(3)]
    pub reserve: Option<Reserve>,
}

/// Up to which amount a member takes an issuer's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct AcceptanceState {
    /// The most that it will hold.
    #[n(0)]
    pub limit: Micro,
}

/// A request to be paid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct RedemptionState {
    /// The request.
    #[n(0)]
    pub redemption: Redemption,
    /// When it was made.
    #[n(1)]
    pub requested_at: Time,
    /// Hash of the bank's reference, once paid out.
    #[n(2)]
    pub paid: Option<Hash>,
}

/// What the parts of the key of an account's direction are.
pub(crate) type Direction = (MemberId, MemberId, Currency);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::BalanceState;
    use fairway_model::canonical::Canonical;

    #[test]
    fn a_position_remembers_what_stood_at_midnight() {
        let (monday, tuesday) = (UtcDay(10), UtcDay(11));
        let mut position = PositionState::default();
        position.grow(Micro(70), monday).unwrap();
        assert_eq!(position.nettable(monday, Micro::ZERO), Ok(Micro(0)));
        assert_eq!(position.nettable(tuesday, Micro::ZERO), Ok(Micro(70)));
        position.grow(Micro(50), tuesday).unwrap();
        assert_eq!(position.nettable(tuesday, Micro::ZERO), Ok(Micro(70)));
        position.shrink(Micro(30)).unwrap();
        assert_eq!(
            (position.amount, position.nettable(tuesday, Micro::ZERO)),
            (Micro(90), Ok(Micro(40)))
        );
        assert_eq!(position.nettable(tuesday, Micro(15)), Ok(Micro(25)));
        assert_eq!(position.nettable(tuesday, Micro(50)), Ok(Micro::ZERO));
        position.shrink(Micro(90)).unwrap();
        assert_eq!((position.amount, position.carried), (Micro::ZERO, None));
        position.grow(Micro(-3), tuesday).unwrap();
        assert_eq!(
            (position.amount, position.nettable(tuesday, Micro::ZERO)),
            (Micro(-3), Ok(Micro::ZERO))
        );
        position.grow(Micro(3), tuesday).unwrap();
        // A clock that stepped back finds nothing that is younger than its day.
        position.grow(Micro(5), tuesday).unwrap();
        assert_eq!(position.nettable(monday, Micro::ZERO), Ok(Micro::ZERO));
    }

    /// Version 1 of the accounting schema grew out of plain balances: their bytes are positions, and positions without more have them.
    #[test]
    fn older_positions_are_read() {
        let older = BalanceState {
            amount: Micro(4_130_000),
        };
        let position = PositionState::from_bytes(&older.to_bytes()).unwrap();
        assert_eq!(position.amount, older.amount);
        assert_eq!(position.nettable(UtcDay(0), Micro::ZERO), Ok(older.amount));
        assert_eq!(position.to_bytes(), older.to_bytes());
    }

    #[test]
    fn interest_is_simple_and_rounds_half_to_even() {
        // 365 USD at 1 % is one cent a day.
        assert_eq!(interest(Micro(365_000_000), 100, 1), Ok(Micro(10_000)));
        assert_eq!(interest(Micro(365_000_000), 100, 365), Ok(Micro(3_650_000)));
        assert_eq!(
            interest(Micro(365), 5_000, 1),
            Ok(Micro(0)),
            "half a micro-unit goes to even"
        );
        assert_eq!(interest(Micro(3 * 365), 5_000, 1), Ok(Micro(2)));
        assert!(interest(Micro(i64::MAX), u32::MAX, u32::MAX).is_err());
    }

    #[test]
    fn cycles_end_on_their_grid() {
        let terms = MoneyTerms {
            cycle_days: 7,
            due_days: 14,
            interest_bps: 500,
            grace_days: 7,
        };
        assert_eq!(terms.newest_end(UtcDay(20).begin()), UtcDay(14));
        assert_eq!(terms.newest_end(UtcDay(21).begin()), UtcDay(21));
        assert_eq!(terms.newest_end(UtcDay(21).begin().plus(-1)), UtcDay(14));
    }
}
