//! What an operator counts, told as effects: the machine itself holds no counters. Nothing here names a person, a charge or a station, so that
//! all of it may stand in metrics. Tested by `tests/it/charge.rs`.

use crate::machine::Utility;
use crate::out::Out;
use crate::visit::Visit;
use fairway_gateway::{State, Step};
use fairway_model::{Currency, Energy, MemberId, Micro, RefusalCode, SessionId};
use std::collections::BTreeMap;

/// Who decided whether a driver may charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decider {
    /// The visiting profile that was kept here; home was not asked.
    VisitingProfile,
    /// This utility itself, whose customer the driver is.
    Ourselves,
    /// The home utility, which was asked.
    Home,
    /// Nobody: no utility with an agreement in force was found for the credential.
    Nobody,
}

impl Decider {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::VisitingProfile,
        Self::Ourselves,
        Self::Home,
        Self::Nobody,
    ];

    /// The word in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::VisitingProfile => "local_vcp",
            Self::Ourselves => "own",
            Self::Home => "remote_home",
            Self::Nobody => "unrouted",
        }
    }
}

/// How a charge at our stations ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Posted by the contract.
    Settled,
    /// Refused before there was an offer.
    Refused,
    /// The driver said no to the offer.
    Declined,
    /// Nobody answered while the offer stood.
    Expired,
    /// Consented to, but no transaction began.
    NotStarted,
    /// Begun, but without energy to bill.
    NothingDelivered,
    /// Looked at by people.
    Disputed,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Settled,
        Self::Refused,
        Self::Declined,
        Self::Expired,
        Self::NotStarted,
        Self::NothingDelivered,
        Self::Disputed,
    ];

    /// The word in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Refused => "refused",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::NotStarted => "not_started",
            Self::NothingDelivered => "nothing_delivered",
            Self::Disputed => "disputed",
        }
    }

    fn of(step: Step) -> Option<Self> {
        match step {
            Step::LedgerPosts => Some(Self::Settled),
            Step::Refuse => Some(Self::Refused),
            Step::Decline => Some(Self::Declined),
            Step::Expire => Some(Self::Expired),
            Step::NotStarted => Some(Self::NotStarted),
            Step::NothingDelivered => Some(Self::NothingDelivered),
            Step::NotRatable | Step::HomeDiffers | Step::LedgerRefuses => Some(Self::Disputed),
            Step::Eligible
            | Step::Show
            | Step::Consent
            | Step::Begin
            | Step::Finish
            | Step::Rate
            | Step::HomeAgrees => None,
        }
    }
}

/// One thing that happened at our stations. Durations are milliseconds of this utility's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// It was decided whether a driver may charge.
    Decided {
        /// By whom.
        by: Decider,
        /// Why not; none when he may.
        refused: Option<RefusalCode>,
        /// Since the credential was presented.
        after: i64,
    },
    /// A price was put on a screen.
    Quoted {
        /// Whether the agreement's corridor moved the price of any of its lines.
        clamped: bool,
    },
    /// A transaction began: energy may flow.
    Began {
        /// Since the credential was presented, the driver's own time to decide and plug in included.
        after: i64,
    },
    /// Energy was proven by signed meter records and rated.
    Delivered(Energy),
    /// Nothing more comes of a charge.
    Closed(Outcome),
}

/// What stands at one moment, for metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Charges at our stations that run.
    pub charging: usize,
    /// Charges at our stations that are open: not settled, refused, void or disputed.
    pub open: usize,
    /// What is open between us and others: positions that are not netted yet, and obligations that are not paid.
    pub settlement: Vec<OpenMoney>,
}

/// What is open in a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenMoney {
    /// Which.
    pub currency: Currency,
    /// Others owe us.
    pub owed: Micro,
    /// We owe others.
    pub owing: Micro,
}

/// What stands on both sides of a currency.
type Sides = BTreeMap<Currency, (Micro, Micro)>;

impl Utility {
    /// Tells what a charge's step was, where it is counted. The step is done.
    pub(crate) fn happened(&self, out: &mut Out, id: SessionId, step: Step) {
        let Some(visit) = self.visits.get(id) else {
            return;
        };
        let after = out.now.since(visit.session.at);
        let what = match step {
            Step::Eligible => Some(Happening::Decided {
                by: self.decider(visit),
                refused: None,
                after,
            }),
            Step::Show => Some(Happening::Quoted {
                clamped: clamped(visit),
            }),
            Step::Begin => Some(Happening::Began { after }),
            other => Outcome::of(other).map(Happening::Closed),
        };
        if let Some(what) = what {
            out.happened(what);
        }
    }

    /// Tells that a driver may not charge, unless it was decided before.
    pub(crate) fn not_allowed(&self, out: &mut Out, id: SessionId, code: RefusalCode) {
        let visit = self.visits.get(id);
        let Some(visit) = visit.filter(|v| v.session.state() == State::Identifying) else {
            return;
        };
        out.happened(Happening::Decided {
            by: self.decider(visit),
            refused: Some(code),
            after: out.now.since(visit.session.at),
        });
    }

    fn decider(&self, visit: &Visit) -> Decider {
        match visit.session.home {
            _ if visit.session.local => Decider::VisitingProfile,
            None => Decider::Nobody,
            Some(home) if home == self.me.id => Decider::Ourselves,
            Some(_) => Decider::Home,
        }
    }

    /// What stands now. Sums that do not fit stay at the largest amount: a metric is no account.
    pub fn gauges(&self) -> Gauges {
        let mut sides = Sides::new();
        for ((debtor, creditor, currency), amount) in &self.registry.positions {
            if debtor != creditor {
                self.add_open(&mut sides, (*debtor, *creditor, *currency), *amount);
            }
        }
        for (id, open) in self.open_obligations() {
            self.add_open(&mut sides, (id.debtor, id.creditor, id.currency), open);
        }
        Gauges {
            charging: self.charging(),
            open: self.visits.open_count(),
            settlement: sides
                .into_iter()
                .map(|(currency, (owed, owing))| OpenMoney {
                    currency,
                    owed,
                    owing,
                })
                .collect(),
        }
    }

    fn add_open(
        &self,
        sides: &mut Sides,
        (debtor, creditor, currency): (MemberId, MemberId, Currency),
        amount: Micro,
    ) {
        let (owed, owing) = sides.entry(currency).or_default();
        let side = if creditor == self.me.id {
            owed
        } else if debtor == self.me.id {
            owing
        } else {
            return;
        };
        *side = Micro(side.0.saturating_add(amount.0));
    }
}

fn clamped(visit: &Visit) -> bool {
    let offer = visit.session.offer.as_ref();
    offer.is_some_and(|signed| {
        let lines = &signed.offer.estimate.breakdown.lines;
        lines.iter().any(|line| line.clamped)
    })
}
