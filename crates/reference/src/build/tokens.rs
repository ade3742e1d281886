//! Tokens, collateral and energy. Amounts at an edge are read off the model as it stands.

use super::Builder;
use crate::cast::Missing;
use crate::model::energy::Spot;
use crate::step::{EnergyStep, Fault, TokenStep};
use fairway_ledger::energy::op::{
    EnergyAcceptance, EnergyCancellation, EnergyOffer, EnergyOperation, EnergyStatement, Hour,
    OfferId,
};
use fairway_ledger::money::{
    Debt, Mint, MoneyOperation, Pledge, Redemption, RedemptionId, Reserve,
};
use fairway_ledger::{Account, Operation};
use fairway_model::time::HOUR;
use fairway_model::{Currency, Energy, Hash, MemberId, Micro, Time};

/// The grid areas in which energy is traded.
const AREAS: [&str; 2] = ["SERC", "FRCC"];

fn narrow(amount: i128) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

impl Builder<'_> {
    #[expect(
        clippy::too_many_lines,
        reason = "a table with a row for each kind: in parts its gaps would not show"
    )]
    pub(super) fn token(
        &self,
        pair: usize,
        issuer: usize,
        part: TokenStep,
    ) -> Result<Operation, Missing> {
        let (home, visited) = self.parties(pair)?;
        let currency = self.currency(self.cast.terms(pair, 1)?.currency);
        let (by, issuer) = (self.cast.member(self.step.by)?, self.cast.member(issuer)?);
        let pledge = |amount| Pledge {
            debtor: home,
            creditor: visited,
            issuer,
            currency,
            amount,
        };
        let secured = Account::Collateral {
            debtor: home,
            creditor: visited,
            issuer,
        };
        let operation = match part {
            TokenStep::Issue(cap) => MoneyOperation::RegisterIssuer {
                currency,
                cap: self.of(cap, || self.model.outstanding(by, currency)),
                terms: Hash::plain(b"terms of tokens"),
            },
            TokenStep::Take(limit) => MoneyOperation::AcceptIssuer {
                issuer,
                currency,
                // At the edge: all that it holds, and would hold with its collateral back.
                limit: self.of(limit, || {
                    self.tokens(by, issuer, currency) + self.model.account(&secured, currency)
                }),
            },
            TokenStep::Mint(amount) => {
                let reserve = Reserve {
                    statement: Hash::plain(b"reserve"),
                    amount: Micro(1_000_000_000),
                    as_of: Time(match self.step.fault {
                        Fault::EndAt(at) => at,
                        _ => self.step.at,
                    }),
                };
                let room = || {
                    let known = self.model.tokens.issuers.get(&(by, currency));
                    let cap = known.map_or(0, |(cap, ..)| i128::from(cap.0.min(1_000_000_000)));
                    cap - self.model.outstanding(by, currency)
                };
                MoneyOperation::Mint(Mint {
                    holder: home,
                    currency,
                    amount: self.of(amount, room),
                    reserve,
                })
            }
            TokenStep::Give(amount) => MoneyOperation::Transfer {
                to: visited,
                issuer,
                currency,
                amount: self.of(amount, || self.tokens(by, issuer, currency)),
                note: Hash::plain(b"note"),
            },
            TokenStep::Redeem(number, amount) => MoneyOperation::RequestRedemption(Redemption {
                id: RedemptionId([number; 16]),
                issuer,
                currency,
                amount: self.of(amount, || self.tokens(by, issuer, currency)),
            }),
            TokenStep::PaidOut(number, reference) => {
                let id = RedemptionId([number; 16]);
                let known = self.model.tokens.requests.get(&(by, id));
                let wanted = known.map_or(
                    Redemption {
                        id,
                        issuer,
                        currency,
                        amount: Micro(1),
                    },
                    |(wanted, ..)| *wanted,
                );
                MoneyOperation::ConfirmRedemption {
                    redemption: Redemption {
                        amount: self.of(wanted.amount.0, || i128::from(wanted.amount.0)),
                        ..wanted
                    },
                    reference: Hash::plain(&reference.to_be_bytes()),
                }
            }
            TokenStep::Deposit(amount) => {
                let own = || self.tokens(home, issuer, currency);
                MoneyOperation::DepositCollateral(pledge(self.of(amount, own)))
            }
            TokenStep::Pay(per_mille) => {
                let owed = self.model.owed(home, visited, currency);
                let part = narrow(owed * i128::from(per_mille) / 1_000);
                let holder = home;
                let own = Account::Token { holder, issuer };
                let all = match self.step.fault {
                    Fault::ToExposure(more) => {
                        narrow(self.model.account(&own, currency)).saturating_add(more)
                    }
                    _ => part,
                };
                MoneyOperation::Pay {
                    debt: Debt::Position {
                        debtor: home,
                        creditor: visited,
                        currency,
                    },
                    issuer,
                    amount: self.of(all, || owed),
                }
            }
            TokenStep::Release(amount) => {
                let free = || {
                    self.model
                        .free_collateral((home, visited), currency, self.step.at)
                };
                let amount = match self.step.fault {
                    Fault::ToExposure(more) => {
                        narrow(self.model.account(&secured, currency)).saturating_add(more)
                    }
                    Fault::ToGuarantee(more) => {
                        let limit = self.model.tokens.taken.get(&(home, issuer, currency));
                        let limit = limit.map_or(0, |l| i128::from(l.0));
                        narrow(limit - self.tokens(home, issuer, currency)).saturating_add(more)
                    }
                    _ => amount,
                };
                MoneyOperation::ReleaseCollateral(pledge(self.of(amount, free)))
            }
        };
        Ok(Operation::Money(Box::new(operation)))
    }

    /// An amount, or with a fault all that there is and a little more.
    fn of(&self, amount: i64, rest: impl Fn() -> i128) -> Micro {
        Micro(match self.step.fault {
            Fault::ToCap(more) => narrow(rest()).saturating_add(more),
            Fault::Amount(more) => amount.saturating_add(more),
            Fault::AmountIs(amount) => amount,
            _ => amount,
        })
    }

    fn tokens(&self, holder: MemberId, issuer: MemberId, currency: Currency) -> i128 {
        let account = Account::Token { holder, issuer };
        self.model.account(&account, currency)
    }

    pub(super) fn energy(
        &self,
        pair: usize,
        which: usize,
        part: EnergyStep,
    ) -> Result<Operation, Missing> {
        let (buyer, seller) = self.parties(pair)?;
        let currency = self.currency(self.cast.terms(pair, 1)?.currency);
        let hour = Hour(self.cast.edge.div_euclid(HOUR) + i64::try_from(which / 2).unwrap_or(0));
        let area = AREAS.get(which % 2).copied().unwrap_or("SERC").to_owned();
        let by = self.cast.member(self.step.by)?;
        let spot: Spot = (by, area.clone(), hour);
        let operation = match part {
            EnergyStep::State(metered, serial) => EnergyOperation::State(EnergyStatement {
                area,
                hour,
                metered: Energy(metered),
                certified: Energy(1),
                document: Hash::plain(b"document"),
                serial,
            }),
            EnergyStep::Offer(number, energy, price) => {
                let all = || self.model.to_spare(&spot);
                EnergyOperation::Offer(EnergyOffer {
                    id: OfferId([number; 16]),
                    energy: self.energy_of(energy, all),
                    price: Micro(price),
                    currency,
                    valid_until: Time(match self.step.fault {
                        Fault::EndAt(at) => at,
                        _ => self.cast.edge + 48 * HOUR,
                    }),
                    area,
                    hour,
                })
            }
            EnergyStep::Accept(number, energy) => {
                let id = OfferId([number; 16]);
                let known = self.model.market.offers.get(&(seller, id));
                let left = known.map_or(0, |(_, left)| i128::from(*left));
                let price = known.map_or(Micro(1), |(offer, _)| offer.price);
                let price = match self.step.fault {
                    Fault::Total(more) => Micro(price.0 + more),
                    _ => price,
                };
                EnergyOperation::Accept(EnergyAcceptance {
                    seller,
                    id,
                    area: known.map_or(area, |(offer, _)| offer.area.clone()),
                    hour: known.map_or(hour, |(offer, _)| offer.hour),
                    energy: match self.step.fault {
                        Fault::ToExposure(more) => {
                            self.energy_for((buyer, seller), currency, price, more)
                        }
                        _ => self.energy_of(energy, || left),
                    },
                    price,
                    currency,
                })
            }
            EnergyStep::Cancel(number) => {
                let id = OfferId([number; 16]);
                let known = self.model.market.offers.get(&(seller, id));
                EnergyOperation::Cancel(EnergyCancellation {
                    seller,
                    id,
                    area: known.map_or(area, |(offer, _)| offer.area.clone()),
                    hour: match self.step.fault {
                        Fault::Unsound(_) => Hour(hour.0 + 1_000),
                        _ => known.map_or(hour, |(offer, _)| offer.hour),
                    },
                })
            }
        };
        Ok(Operation::Energy(operation))
    }

    fn energy_of(&self, energy: u64, rest: impl Fn() -> i128) -> Energy {
        Energy(match self.step.fault {
            Fault::ToCap(more) => u64::try_from(rest() + i128::from(more)).unwrap_or(0),
            Fault::AmountIs(_) => 0,
            _ => energy,
        })
    }

    /// The energy whose price takes the rest of the exposure, and so many milliwatt-hours more.
    fn energy_for(
        &self,
        (buyer, seller): (MemberId, MemberId),
        currency: Currency,
        price: Micro,
        more: i64,
    ) -> Energy {
        let now = self.step.at;
        let cap = self.model.in_force(buyer, seller, now);
        let cap = cap.map_or(0, |a| i128::from(a.terms.caps.exposure.0));
        let rest = cap
            - self.model.held((buyer, seller), currency)
            - self.model.owed(buyer, seller, currency)
            - self.model.obliged(buyer, seller, currency)
            + self.model.pledged(buyer, seller, currency);
        let energy = rest.max(0) * 1_000_000 / i128::from(price.0.max(1));
        Energy(u64::try_from(energy + i128::from(more)).unwrap_or(0))
    }
}
