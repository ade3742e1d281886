//! What applied money operations did.

use crate::money::operation::{ObligationId, UtcDay};
use fairway_model::ids::MemberId;
use fairway_model::money::{Currency, Micro, MoneyError, Rounding};
use minicbor::{Decode, Encode};

/// What a cycle took of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct NettedPosition {
    /// Who owed.
    #[n(0)]
    pub debtor: MemberId,
    /// Whom.
    #[n(1)]
    pub creditor: MemberId,
    /// How much of it was netted; more than nothing.
    #[n(2)]
    pub amount: Micro,
}

/// What one member owes another after a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct NetTransfer {
    /// Who owes.
    #[n(0)]
    pub debtor: MemberId,
    /// Whom.
    #[n(1)]
    pub creditor: MemberId,
    /// The obligation: whole minor units, which a bank can pay. Nothing leaves no obligation.
    #[n(2)]
    pub amount: Micro,
    /// The rest below one minor unit: it stays a position and goes into the next cycle.
    #[n(3)]
    pub carried: Micro,
}

impl NetTransfer {
    /// A transfer of an amount, its rest below one minor unit (rounded toward zero) carried.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn of(
        debtor: MemberId,
        creditor: MemberId,
        whole: Micro,
        currency: Currency,
    ) -> Result<Self, MoneyError> {
        let amount = whole.round_to_minor(currency, Rounding::Down)?;
        Ok(Self {
            debtor,
            creditor,
            amount,
            carried: whole.minus(amount)?,
        })
    }

    /// Obligation and carried rest together.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn whole(&self) -> Result<Micro, MoneyError> {
        self.amount.plus(self.carried)
    }
}

/// What a closed cycle came to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CycleSummary {
    /// Currency.
    #[n(0)]
    pub currency: Currency,
    /// The midnight at which it ended.
    #[n(1)]
    pub cycle: UtcDay,
    /// What all members owed each other before: the sum of the positions that were netted.
    #[n(2)]
    pub gross: Micro,
    /// What they owe after it: the sum of the obligations. The saving is the difference.
    #[n(3)]
    pub net: Micro,
    /// The positions that were netted, in order of debtor and creditor.
    #[n(4)]
    pub positions: Vec<NettedPosition>,
    /// The last day on which the obligations are paid in time.
    #[n(5)]
    pub due: UtcDay,
    /// Yearly interest on what is paid later, in basis points.
    #[n(6)]
    pub interest_bps: u32,
    /// Who owes whom after it, in the order in which it was found.
    #[n(7)]
    pub transfers: Vec<NetTransfer>,
}

/// What an applied money operation did.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum MoneyEffect {
    /// A cycle is closed.
    #[n(0)]
    CycleClosed(#[n(0)] CycleSummary),
    /// Interest is owed.
    #[n(1)]
    InterestCharged {
        /// On what.
        #[n(0)]
        obligation: ObligationId,
        /// Through which day.
        #[n(1)]
        through: UtcDay,
        /// How much.
        #[n(2)]
        amount: Micro,
        /// What is open then, interest included.
        #[n(3)]
        open: Micro,
    },
    /// The debtor's word that money is on its way is on record.
    #[n(2)]
    PaymentNoted {
        /// For what.
        #[n(0)]
        obligation: ObligationId,
    },
    /// An obligation was paid, in part or whole.
    #[n(3)]
    ObligationPaid {
        /// Which.
        #[n(0)]
        obligation: ObligationId,
        /// Interest that was charged with the payment.
        #[n(1)]
        interest: Micro,
        /// What is open after it.
        #[n(2)]
        open: Micro,
    },
    /// A position was paid with tokens before it was netted.
    #[n(4)]
    PositionPaid {
        /// Who paid.
        #[n(0)]
        debtor: MemberId,
        /// Whom.
        #[n(1)]
        creditor: MemberId,
        /// Currency.
        #[n(2)]
        currency: Currency,
        /// What is owed after it.
        #[n(3)]
        owed: Micro,
    },
    /// A member issues tokens.
    #[n(5)]
    IssuerRegistered,
    /// A member accepts an issuer's tokens.
    #[n(6)]
    IssuerAccepted,
    /// Tokens came into being.
    #[n(7)]
    Minted {
        /// In circulation then.
        #[n(0)]
        outstanding: Micro,
    },
    /// Tokens changed hands.
    #[n(8)]
    Transferred,
    /// Tokens wait to be paid out.
    #[n(9)]
    RedemptionRequested,
    /// Tokens are gone.
    #[n(10)]
    Redeemed {
        /// In circulation then.
        #[n(0)]
        outstanding: Micro,
    },
    /// Collateral is set aside.
    #[n(11)]
    CollateralDeposited {
        /// All collateral of that direction then.
        #[n(0)]
        collateral: Micro,
    },
    /// Collateral was given back.
    #[n(12)]
    CollateralReleased {
        /// What is left of that direction's.
        #[n(0)]
        collateral: Micro,
    },
}
