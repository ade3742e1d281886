//! Transactions in plain words: a sentence for somebody who has never seen one, and the fields by name.

use super::deeds::{Came, Deed, Plain, outcome};
use super::what::Names;
use super::wire;
use fairway_ledger::money::MoneyOperation;
use fairway_ledger::{
    BatchItem, CaseOperation, CouncilOperation, Operation, Receipt, Settlement, TermsOperation,
    Transaction,
};
use fairway_model::{Currency, MemberId, Micro, SessionId};
use fairway_utility::said::{Kwh, Named, Number, Sum};

/// Longest value of a field.
const MAX_VALUE: usize = 4_000;

fn amount(value: Micro, currency: Currency) -> String {
    format!("{} {currency}", value.text(currency))
}

/// The operation's name: the variant in snake case.
pub(crate) fn kind(operation: &Operation) -> String {
    let text = format!("{operation:?}");
    let end = text.find(['(', ' ', '{']).unwrap_or(text.len());
    let mut name = String::new();
    for c in text.get(..end).unwrap_or_default().chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

/// The charge that an operation is about.
pub(crate) fn session(operation: &Operation) -> Option<SessionId> {
    match operation {
        Operation::PlaceHold(hold) => Some(hold.session),
        Operation::VoidHold { session, .. } => Some(*session),
        Operation::SettleCharge(settlement) => Some(settlement.event().session),
        Operation::Dispute(dispute) => Some(dispute.session),
        Operation::Batch(items) => match items.as_slice() {
            [only] => session(&only.clone().into_operation()),
            _ => None,
        },
        _ => None,
    }
}

fn named(member: MemberId, names: &Names) -> Named {
    Named(member, names.member(member))
}

fn charge(member: Named, settlement: &Settlement, names: &Names) -> Deed {
    let event = settlement.event();
    let (home, visited) = (named(event.home, names), named(event.visited, names));
    let (session, evse) = (event.session, event.evse.to_string());
    let energy = Kwh(event.usage.energy().unwrap_or_default());
    let total = Sum(event.total, settlement.currency);
    if event.home == event.visited {
        return Deed::SettleOwn {
            member,
            session,
            home,
            evse,
            energy,
            total,
        };
    }
    Deed::Settle {
        member,
        session,
        home,
        visited,
        evse,
        energy,
        total,
    }
}

fn registry(member: Named, operation: &Operation) -> Option<Deed> {
    Some(match operation {
        Operation::RegisterPrefix(entry) => Deed::RegisterPrefix {
            member,
            prefix: entry.prefix.clone(),
        },
        Operation::RegisterEvse(entry) => Deed::RegisterEvse {
            member,
            evse: entry.evse.to_string(),
            station: entry.station.to_string(),
        },
        Operation::RetireEvse { evse, from } => Deed::RetireEvse {
            member,
            evse: evse.to_string(),
            from: *from,
        },
        Operation::RotateMeterKey { evse, .. } => Deed::RotateMeterKey {
            member,
            evse: evse.to_string(),
        },
        Operation::RotateMemberKey { .. } => Deed::RotateMemberKey { member },
        Operation::RotateEncryptionKey { .. } => Deed::RotateEncryptionKey { member },
        _ => return None,
    })
}

fn agreements(member: Named, operation: &Operation, names: &Names) -> Option<Deed> {
    Some(match operation {
        Operation::ProposeAgreement { agreement, .. } => Deed::ProposeAgreement {
            member,
            version: Number(agreement.version.into()),
            home: named(agreement.home, names),
            visited: named(agreement.visited, names),
            agreement: agreement.id(),
        },
        Operation::CountersignAgreement { agreement, .. } => Deed::CountersignAgreement {
            member,
            agreement: *agreement,
        },
        Operation::TerminateAgreement {
            agreement, from, ..
        } => Deed::TerminateAgreement {
            member,
            agreement: *agreement,
            from: *from,
        },
        Operation::Terms(TermsOperation::Counter {
            supersedes,
            agreement,
            ..
        }) => Deed::CounterAgreement {
            member,
            supersedes: *supersedes,
            agreement: agreement.id(),
        },
        Operation::Terms(TermsOperation::Resume { agreement, .. }) => Deed::ResumeAgreement {
            member,
            agreement: *agreement,
        },
        Operation::Terms(TermsOperation::CloseCycle {
            agreement, cycle, ..
        }) => Deed::CloseServiceCycle {
            member,
            cycle: Number(*cycle),
            agreement: *agreement,
        },
        _ => return None,
    })
}

fn terms(operation: &TermsOperation) -> String {
    match operation {
        TermsOperation::Suspend {
            agreement, ground, ..
        } => format!("suspends {agreement} ({})", wire::word(ground)),
        TermsOperation::Breach {
            agreement, ground, ..
        } => format!("ends {agreement} for breach ({})", wire::word(ground)),
        TermsOperation::PostOffer(_) => "posts an offer on the board".to_owned(),
        TermsOperation::WithdrawOffer { slot } => {
            format!("takes the offer in slot {slot} off the board")
        }
        TermsOperation::ClaimRefusal(claim) => format!(
            "claims that a driver was refused ({})",
            claim.request.session
        ),
        TermsOperation::AnswerRefusal { request, .. } => {
            format!("answers the claim about {}", request.session)
        }
        other => first_word(other),
    }
}

fn money(operation: &MoneyOperation) -> String {
    match operation {
        MoneyOperation::ChargeInterest {
            obligation,
            through,
        } => format!("charges interest on {obligation} through {through}"),
        other => format!("moves money: {}", first_word(other)),
    }
}

fn first_word(value: &impl std::fmt::Debug) -> String {
    let word = wire::word(value);
    let end = word.find(['(', ' ', '{']).unwrap_or(word.len());
    word.get(..end)
        .unwrap_or_default()
        .trim_end_matches('_')
        .replace('_', " ")
}

fn case(operation: &CaseOperation) -> String {
    format!(
        "moves a case about a settled charge on: {}",
        first_word(operation)
    )
}

fn council(operation: &CouncilOperation) -> String {
    format!("governs the consortium: {}", first_word(operation))
}

fn batch(member: Named, items: &[BatchItem]) -> Deed {
    let (mut holds, mut releases, mut charges) = (0u64, 0u64, 0u64);
    for item in items {
        let count = match item.clone().into_operation() {
            Operation::PlaceHold(_) => &mut holds,
            Operation::VoidHold { .. } => &mut releases,
            _ => &mut charges,
        };
        *count = count.saturating_add(1);
    }
    Deed::Batch {
        member,
        items: charges.saturating_add(holds).saturating_add(releases),
        charges,
        holds,
        releases,
    }
}

/// What a member asks, where every language has the sentence.
fn deed(member: Named, operation: &Operation, names: &Names) -> Option<Deed> {
    Some(match operation {
        Operation::PlaceHold(hold) => Deed::PlaceHold {
            member,
            amount: Sum(hold.amount, hold.currency),
            session: hold.session,
            home: named(hold.guarantee.home, names),
        },
        Operation::VoidHold { session, .. } => Deed::VoidHold {
            member,
            session: *session,
        },
        Operation::SettleCharge(settlement) => charge(member, settlement, names),
        Operation::ConfirmPayment(p) => Deed::ConfirmPayment {
            member,
            debtor: named(p.debtor, names),
            amount: Sum(p.amount, p.currency),
        },
        Operation::Money(operation) => {
            let MoneyOperation::CloseCycle(close) = operation.as_ref() else {
                return None;
            };
            Deed::CloseNettingCycle {
                member,
                cycle: close.cycle.to_string(),
                currency: close.currency.to_string(),
            }
        }
        Operation::Rule(_) => Deed::StoreRule { member },
        Operation::Batch(items) => match items.as_slice() {
            [only] => return deed(member, &only.clone().into_operation(), names),
            items => batch(member, items),
        },
        _ => {
            return registry(member.clone(), operation)
                .or_else(|| agreements(member, operation, names));
        }
    })
}

/// What a member asks, as the end of an English sentence that begins with its name.
fn asks(operation: &Operation) -> String {
    match operation {
        Operation::Dispute(d) => format!("objects to {} ({})", d.session, wire::word(&d.reason)),
        Operation::Terms(operation) => terms(operation),
        Operation::Council(operation) => council(operation),
        Operation::Case(operation) => case(operation),
        Operation::Energy(operation) => {
            format!("states or trades energy: {}", first_word(operation))
        }
        Operation::Rate(operation) => format!(
            "states a rate of exchange or converts a debt: {}",
            first_word(operation)
        ),
        Operation::Money(operation) => money(operation),
        Operation::Forecast(operation) => {
            format!("about the load forecast: {}", first_word(operation))
        }
        _ => kind(operation).replace('_', " "),
    }
}

/// The one sentence.
pub(crate) fn sentence(tx: &Transaction, names: &Names) -> Plain {
    match deed(named(tx.member, names), &tx.operation, names) {
        Some(deed) => deed.into(),
        None => Plain::english(format!(
            "{} {}",
            names.member(tx.member),
            asks(&tx.operation)
        )),
    }
}

fn shares(settlement: &Settlement, names: &Names) -> Came {
    let event = settlement.event();
    let sum = |amount| Sum(amount, settlement.currency);
    Came::Shares {
        home: named(event.home, names),
        home_share: sum(event.shares.home),
        visited: named(event.visited, names),
        visited_share: sum(event.shares.visited),
        tax: sum(event.shares.tax),
        owner: settlement.owner.to_string(),
        owner_share: sum(event.shares.owner),
    }
}

/// The sentence, who gets what, and what came of it.
pub(crate) fn sentences(tx: &Transaction, receipt: &Receipt, names: &Names) -> Vec<Plain> {
    let mut first = sentence(tx, names);
    first.english.push('.');
    let mut lines = vec![first];
    if let Operation::SettleCharge(settlement) = &tx.operation {
        lines.push(shares(settlement, names).into());
        lines.push(Came::ComputedThrice.into());
    }
    lines.push(outcome(receipt).into());
    lines
}

fn short(mut text: String) -> String {
    while text.len() > MAX_VALUE {
        text.pop();
    }
    text
}

/// The fields by name.
pub(crate) fn facts(tx: &Transaction) -> Vec<(String, String)> {
    let mut list = vec![
        ("member".to_owned(), tx.member.to_string()),
        ("nonce".to_owned(), hex::encode(tx.nonce.0)),
        ("key".to_owned(), tx.key.to_string()),
        ("signature".to_owned(), hex::encode(tx.signature.0)),
        ("operation".to_owned(), kind(&tx.operation)),
    ];
    if let Operation::SettleCharge(settlement) = &tx.operation {
        let e = settlement.event();
        let more = [
            ("session", e.session.to_string()),
            ("agreement", e.agreement.to_string()),
            ("home", e.home.to_string()),
            ("visited", e.visited.to_string()),
            ("evse", e.evse.to_string()),
            ("tariff", e.tariff.clone()),
            ("offer", e.offer.hex()),
            ("guarantee", e.guarantee.to_string()),
            ("meter_start", format!("{} kWh", e.meter_start.kwh_text())),
            ("meter_end", format!("{} kWh", e.meter_end.kwh_text())),
            ("meter_key", e.meter_key.hex()),
            ("meter_evidence", e.meter_evidence.hex()),
            ("driver", e.driver.hex()),
            ("total", amount(e.total, settlement.currency)),
            ("visited_key", settlement.visited_key.to_string()),
            (
                "visited_signature",
                hex::encode(settlement.signed.visited_signature.0),
            ),
            ("home_key", settlement.home_key.to_string()),
            (
                "home_signature",
                hex::encode(settlement.signed.home_signature.0),
            ),
            ("owner", settlement.owner.to_string()),
        ];
        list.extend(
            more.into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
    } else {
        list.push(("content".to_owned(), short(format!("{:?}", tx.operation))));
    }
    list
}
