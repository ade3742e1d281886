//! Drivers who ask and are refused, cycles that are closed, offers on the board.

use super::Builder;
use crate::cast::Missing;
use crate::model::service::cycle_at;
use crate::step::{BoardStep, Fault, ServiceStep};
use fairway_ledger::life::{BoardOffer, Release, ServiceClaim};
use fairway_ledger::{Operation, TermsOperation};
use fairway_model::agreement::Corridor;
use fairway_model::service::ServiceRequest;
use fairway_model::{Currency, Micro, SessionId, Time};

impl Builder<'_> {
    pub(super) fn service(
        &self,
        pair: usize,
        version: u32,
        step: ServiceStep,
    ) -> Result<Operation, Missing> {
        let (home_place, visited_place) = self.cast.pairs.get(pair).copied().unwrap_or_default();
        let (home, visited) = self.parties(pair)?;
        let terms = self.agreement(pair, version)?;
        let request = |number: u8, asked: i64| ServiceRequest {
            session: SessionId([number; 16]),
            agreement: terms.id(),
            home,
            visited,
            asked_at: Time(match self.step.fault {
                Fault::StartAt(at) => at,
                _ => asked,
            }),
        };
        let operation = match step {
            ServiceStep::Claim(number, asked) => {
                let (claimed, signer) = self.inner(visited_place);
                let request = request(number, asked);
                TermsOperation::ClaimRefusal(Box::new(ServiceClaim {
                    visited_key: claimed.public(),
                    visited_signature: request.sign(&signer),
                    request,
                }))
            }
            ServiceStep::Answer(number, asked, released) => {
                let (claimed, signer) = self.inner(home_place);
                let request = request(number, asked);
                TermsOperation::AnswerRefusal {
                    release: released.then(|| Release {
                        home_key: claimed.public(),
                        home_signature: request.release(&signer),
                    }),
                    request,
                }
            }
            ServiceStep::Close(asked, more) => TermsOperation::CloseCycle {
                agreement: terms.id(),
                home,
                visited,
                currency: self.currency(terms.currency),
                cycle: cycle_at(&terms, asked)
                    .unwrap_or(0)
                    .saturating_add_signed(more),
            },
        };
        Ok(Operation::Terms(operation))
    }

    pub(super) fn board(&self, step: BoardStep) -> Result<Operation, Missing> {
        let (slot, price) = match step {
            BoardStep::Post(slot, price) => (slot, price),
            BoardStep::Withdraw(slot) => {
                return Ok(Operation::Terms(TermsOperation::WithdrawOffer { slot }));
            }
        };
        let mut offer = BoardOffer {
            slot,
            areas: vec!["SERC".to_owned()],
            currency: Currency::USD,
            energy_price: Micro(price),
            start_fee: Micro(0),
            corridor: Corridor {
                floor: Micro(0),
                cap: Micro(price),
            },
            home_bps: 10_000,
            least_served_bps: Some(10_000),
            valid_until: Time(match self.step.fault {
                Fault::EndAt(at) => at,
                _ => self.step.at + 1_000_000,
            }),
        };
        if let Fault::Unsound(number) = self.step.fault {
            spoil(&mut offer, number)?;
        }
        Ok(Operation::Terms(TermsOperation::PostOffer(offer)))
    }
}

/// Ways in which an offer can have no sense, and two edges at which it has.
pub(crate) const OFFER_SPOILS: u32 = 14;

fn spoil(offer: &mut BoardOffer, number: u32) -> Result<(), Missing> {
    let area = |len: usize| vec!["a".repeat(len)];
    match number % OFFER_SPOILS {
        0 => offer.areas.clear(),
        1 => offer.areas = vec!["SERC".to_owned(); 17],
        2 => offer.areas = area(33),
        3 => offer.areas = area(0),
        4 => offer.currency = Currency::parse("XTS")?,
        5 => offer.corridor.cap = Micro(offer.energy_price.0 - 1),
        6 => {
            offer.corridor.floor = Micro(-1);
            offer.energy_price = Micro(0);
        }
        7 => offer.corridor.floor = Micro(offer.energy_price.0 + 1),
        8 => offer.start_fee = Micro(-1),
        9 => offer.home_bps = 10_001,
        10 => offer.least_served_bps = Some(10_001),
        11 => offer.slot = 8,
        12 => (offer.areas, offer.least_served_bps) = (area(32), None),
        _ => {
            offer.areas = vec!["SERC".to_owned(); 16];
            offer.corridor.floor = offer.energy_price;
        }
    }
    Ok(())
}
