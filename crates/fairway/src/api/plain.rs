//! Transactions in plain words: a sentence for somebody who has never seen one, and the fields by name.

use super::what::Names;
use super::wire;
use fairway_ledger::money::MoneyOperation;
use fairway_ledger::{
    BatchItem, CaseOperation, CouncilOperation, Operation, Receipt, Settlement, TermsOperation,
    Transaction,
};
use fairway_model::{Currency, Micro, SessionId};

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

fn charge(settlement: &Settlement, names: &Names) -> String {
    let (event, currency) = (settlement.event(), settlement.currency);
    let energy = event.usage.energy().map(|e| e.kwh_text());
    let (home, visited) = (names.member(event.home), names.member(event.visited));
    let whose = if event.home == event.visited {
        format!("a driver of {home} at its own station")
    } else {
        format!("a driver of {home} at a station of {visited}")
    };
    format!(
        "settles {}: {whose} {} took {} kWh and pays {}",
        event.session,
        event.evse,
        energy.unwrap_or_else(|| "?".to_owned()),
        amount(event.total, currency)
    )
}

fn registry(operation: &Operation) -> Option<String> {
    Some(match operation {
        Operation::RegisterPrefix(entry) => format!("claims the CIN prefix {}", entry.prefix),
        Operation::RegisterEvse(entry) => format!(
            "registers the charging point {} of station {}",
            entry.evse, entry.station
        ),
        Operation::RetireEvse { evse, from } => {
            format!("takes the charging point {evse} out of use from {from}")
        }
        Operation::RotateMeterKey { evse, .. } => format!("replaces the meter key of {evse}"),
        Operation::RotateMemberKey { .. } => "replaces its signing key".to_owned(),
        Operation::RotateEncryptionKey { .. } => {
            "replaces the key that messages to it are encrypted to".to_owned()
        }
        _ => return None,
    })
}

fn terms(operation: &Operation, names: &Names) -> Option<String> {
    Some(match operation {
        Operation::ProposeAgreement { agreement, .. } => format!(
            "proposes version {} of the agreement for drivers of {} at stations of {}: {}",
            agreement.version,
            names.member(agreement.home),
            names.member(agreement.visited),
            agreement.id()
        ),
        Operation::CountersignAgreement { agreement, .. } => {
            format!("signs {agreement}, which is in force from then on")
        }
        Operation::TerminateAgreement {
            agreement, from, ..
        } => format!("ends {agreement} from {from}"),
        Operation::Terms(operation) => match operation {
            TermsOperation::Counter {
                supersedes,
                agreement,
                ..
            } => format!("answers {supersedes} with other terms: {}", agreement.id()),
            TermsOperation::Suspend {
                agreement, ground, ..
            } => format!("suspends {agreement} ({})", wire::word(ground)),
            TermsOperation::Resume { agreement, .. } => {
                format!("lets charges begin again under {agreement}")
            }
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
            TermsOperation::CloseCycle {
                agreement, cycle, ..
            } => format!("counts service cycle {cycle} of {agreement}"),
        },
        _ => return None,
    })
}

fn money(operation: &MoneyOperation) -> String {
    match operation {
        MoneyOperation::CloseCycle(close) => format!(
            "closes the netting cycle that ended at {} in {}",
            close.cycle, close.currency
        ),
        MoneyOperation::ChargeInterest {
            obligation,
            through,
        } => format!("charges interest on {obligation} through {through}"),
        other => {
            let word = wire::word(other);
            let end = word.find(['(', ' ', '{']).unwrap_or(word.len());
            format!(
                "moves money: {}",
                word.get(..end).unwrap_or_default().replace('_', " ")
            )
        }
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

fn batch(items: &[BatchItem]) -> String {
    let (mut holds, mut releases, mut charges) = (0usize, 0usize, 0usize);
    for item in items {
        let count = match item.clone().into_operation() {
            Operation::PlaceHold(_) => &mut holds,
            Operation::VoidHold { .. } => &mut releases,
            _ => &mut charges,
        };
        *count = count.saturating_add(1);
    }
    format!(
        "hands in {} items together: {charges} charges, {holds} holds, {releases} releases",
        items.len()
    )
}

/// What a member asks, as the end of a sentence that begins with its name.
fn asks(operation: &Operation, names: &Names) -> String {
    if let Some(text) = registry(operation).or_else(|| terms(operation, names)) {
        return text;
    }
    match operation {
        Operation::PlaceHold(hold) => format!(
            "sets {} aside for {} on a guarantee of {}",
            amount(hold.amount, hold.currency),
            hold.session,
            names.member(hold.guarantee.home)
        ),
        Operation::VoidHold { session, .. } => format!("frees what was set aside for {session}"),
        Operation::SettleCharge(settlement) => charge(settlement, names),
        Operation::ConfirmPayment(p) => format!(
            "confirms that {} paid {}",
            names.member(p.debtor),
            amount(p.amount, p.currency)
        ),
        Operation::Dispute(d) => format!("objects to {} ({})", d.session, wire::word(&d.reason)),
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
        Operation::Rule(_) => "stores the module of a custom rule".to_owned(),
        Operation::Batch(items) => match items.as_slice() {
            [only] => asks(&only.clone().into_operation(), names),
            items => batch(items),
        },
        Operation::Forecast(operation) => {
            format!("about the load forecast: {}", first_word(operation))
        }
        _ => kind(operation).replace('_', " "),
    }
}

/// The one sentence.
pub(crate) fn sentence(tx: &Transaction, names: &Names) -> String {
    format!("{} {}", names.member(tx.member), asks(&tx.operation, names))
}

/// The sentence, who gets what, and what came of it.
pub(crate) fn sentences(tx: &Transaction, receipt: &Receipt, names: &Names) -> Vec<String> {
    let mut lines = vec![format!("{}.", sentence(tx, names))];
    if let Operation::SettleCharge(settlement) = &tx.operation {
        let (event, currency) = (settlement.event(), settlement.currency);
        lines.push(format!(
            "Of it {} keeps {}, {} gets {} and remits {} tax, {} gets {}.",
            names.member(event.home),
            amount(event.shares.home, currency),
            names.member(event.visited),
            amount(event.shares.visited, currency),
            amount(event.shares.tax, currency),
            settlement.owner,
            amount(event.shares.owner, currency)
        ));
        lines.push("Both utilities computed it from the same signed meter records and signed the result; the contract computed it a third time.".to_owned());
    }
    lines.push(match receipt.refusal() {
        None => format!(
            "The contracts took it in block {} at {}.",
            receipt.height, receipt.time
        ),
        Some(refusal) => format!(
            "The contracts refused it in block {}: {refusal}. Nothing changed.",
            receipt.height
        ),
    });
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
