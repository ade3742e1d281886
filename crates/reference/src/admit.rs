//! What every node must say of a transaction before it looks at any state: form, bounds, signatures, each checked by itself.

use crate::model::Reasons;
use crate::model::council::{contradict, signed_words};
use fairway_forecast::calendar::Calendar;
use fairway_ledger::energy::op::EnergyOperation;
use fairway_ledger::forecast::op::ForecastOperation;
use fairway_ledger::money::MoneyOperation;
use fairway_ledger::rates::RateOperation;
use fairway_ledger::{
    BatchItem, CaseClaim, CaseOperation, CaseReply, CouncilOperation, MAX_TX_BYTES, Motion,
    Operation, Settlement, TermsOperation, Transaction,
};
use fairway_model::canonical::Canonical;
use fairway_model::{
    Agreement, ChargeEvent, Currency, EvseId, MemberId, Micro, OwnerId, PublicKey, RefusalCode,
    Signature, StationId, Usage,
};
use minicbor::Encode;

/// The words under a transaction's signature.
#[derive(Encode)]
struct Signed<'a> {
    #[n(0)]
    chain: &'a str,
    #[n(1)]
    member: MemberId,
    #[n(2)]
    nonce: fairway_ledger::TxNonce,
    #[n(3)]
    key: PublicKey,
    #[n(4)]
    operation: &'a Operation,
}

/// Every reason for which these bytes do not enter a block; none when they do.
pub fn admit(chain: &str, bytes: &[u8]) -> Reasons {
    let mut reasons = Reasons::new();
    if bytes.len() > MAX_TX_BYTES {
        reasons.insert(RefusalCode::TooLarge);
        return reasons;
    }
    let Ok(tx) = Transaction::from_bytes(bytes) else {
        reasons.insert(RefusalCode::Malformed);
        return reasons;
    };
    if !member(tx.member) {
        reasons.insert(RefusalCode::Malformed);
    }
    bounds(&tx.operation, &mut reasons);
    if !signatures(chain, &tx) {
        reasons.insert(RefusalCode::BadSignature);
    }
    reasons
}

#[expect(
    clippy::too_many_lines,
    reason = "a table with a row for each kind: in parts its gaps would not show"
)]
fn signatures(chain: &str, tx: &Transaction) -> bool {
    let signed = Signed {
        chain,
        member: tx.member,
        nonce: tx.nonce,
        key: tx.key,
        operation: &tx.operation,
    };
    let body = minicbor::to_vec(&signed).unwrap_or_default();
    let by = |key: PublicKey, domain: &str, body: &[u8], signature: &Signature| {
        key.verify(domain, body, signature)
    };
    if !by(tx.key, "fairway.tx.v1", &body, &tx.signature) {
        return false;
    }
    match &tx.operation {
        Operation::RotateMemberKey { new_key, proof, .. } => by(
            *new_key,
            "fairway.member-key.v1",
            &tx.member.to_bytes(),
            proof,
        ),
        Operation::ProposeAgreement {
            agreement,
            signature,
        }
        | Operation::Terms(TermsOperation::Counter {
            agreement,
            signature,
            ..
        }) => by(
            tx.key,
            "fairway.agreement.v1",
            &agreement.to_bytes(),
            signature,
        ),
        Operation::Terms(TermsOperation::ClaimRefusal(claim)) => by(
            claim.visited_key,
            "fairway.service-request.v1",
            &claim.request.to_bytes(),
            &claim.visited_signature,
        ),
        Operation::Terms(TermsOperation::AnswerRefusal {
            request,
            release: Some(release),
        }) => by(
            release.home_key,
            "fairway.service-release.v1",
            &request.to_bytes(),
            &release.home_signature,
        ),
        // The id is the digest that the other party signs.
        Operation::CountersignAgreement {
            agreement,
            signature,
            ..
        } => tx.key.verify_raw(&agreement.0.0, signature),
        Operation::PlaceHold(hold) => by(
            hold.guarantee.home_key,
            "fairway.guarantee.v1",
            &hold.guarantee.guarantee.to_bytes(),
            &hold.guarantee.home_signature,
        ),
        Operation::SettleCharge(s) => both(s),
        Operation::Batch(items) => items.iter().all(|item| match item {
            BatchItem::Hold(hold) => by(
                hold.guarantee.home_key,
                "fairway.guarantee.v1",
                &hold.guarantee.guarantee.to_bytes(),
                &hold.guarantee.home_signature,
            ),
            BatchItem::Charge(s) => both(s),
            BatchItem::Void { .. } => true,
        }),
        Operation::Case(CaseOperation::Credit(note)) => {
            let (credit, domain) = (note.signed.credit.to_bytes(), "fairway.credit.v1");
            let (visited, home) = (&note.signed.visited_signature, &note.signed.home_signature);
            by(note.visited_key, domain, &credit, visited)
                && by(note.home_key, domain, &credit, home)
        }
        Operation::Council(operation) => council_signed(chain, tx.member, operation),
        Operation::Rate(RateOperation::Convert(signed)) => {
            let (body, domain) = (signed.conversion.to_bytes(), "fairway.conversion.v1");
            by(signed.debtor_key, domain, &body, &signed.debtor_signature)
                && by(
                    signed.creditor_key,
                    domain,
                    &body,
                    &signed.creditor_signature,
                )
        }
        _ => true,
    }
}

/// Everything that an operation of the council is signed with, beside the transaction's own signature.
fn council_signed(chain: &str, by: MemberId, operation: &CouncilOperation) -> bool {
    match operation {
        CouncilOperation::Propose { motion, .. } => {
            let Motion::Admit { candidate, .. } = &**motion else {
                return true;
            };
            let member = &candidate.member;
            let words = (chain, member.to_bytes(), candidate.ledger.as_str());
            let words = minicbor::to_vec(words).unwrap_or_default();
            let signed = |key: PublicKey, proof: &Signature| {
                key.verify("fairway.candidate.v1", &words, proof)
            };
            let validator = member.validator.zip(candidate.validator_proof);
            signed(member.key, &candidate.proof)
                && validator.is_none_or(|(key, proof)| signed(key, &proof))
        }
        CouncilOperation::RotateValidatorKey { new_key, proof } => {
            new_key.verify("fairway.validator-key.v1", &by.to_bytes(), proof)
        }
        CouncilOperation::Report(evidence) => {
            [evidence.first, evidence.second].iter().all(|vote| {
                let words = signed_words(chain, &vote.ballot);
                evidence.key.verify_raw(&words, &vote.signature)
            })
        }
        _ => true,
    }
}

/// Both utilities signed the charge.
fn both(s: &Settlement) -> bool {
    let (event, domain) = (s.signed.event.to_bytes(), "fairway.charge.v1");
    s.visited_key
        .verify(domain, &event, &s.signed.visited_signature)
        && s.home_key.verify(domain, &event, &s.signed.home_signature)
}

fn member(id: MemberId) -> bool {
    MemberId::parse(&id.to_string()).is_ok()
}

#[expect(
    clippy::too_many_lines,
    reason = "a table with a row for each kind: in parts its gaps would not show"
)]
fn bounds(operation: &Operation, reasons: &mut Reasons) {
    if let Operation::Batch(items) = operation {
        for item in items {
            bounds(&item.clone().into_operation(), reasons);
        }
        if items.is_empty() {
            reasons.insert(RefusalCode::Malformed);
        }
        if items.len() > 64 {
            reasons.insert(RefusalCode::TooLarge);
        }
    }
    let mut must = |holds: bool, otherwise: RefusalCode| {
        if !holds {
            reasons.insert(otherwise);
        }
    };
    let bad = RefusalCode::Malformed;
    match operation {
        Operation::RegisterPrefix(e) => {
            let digits = e.prefix.bytes().all(|b| b.is_ascii_digit());
            let country = e
                .prefix
                .get(..3)
                .and_then(fairway_model::country::alpha2)
                .is_some();
            // Far too long is another word for it than ten digits.
            let form = digits && (7..=9).contains(&e.prefix.len()) && country;
            must(member(e.member) && form, bad);
            must(form || e.prefix.len() <= 64, RefusalCode::TooLarge);
        }
        Operation::RegisterEvse(e) => {
            let ids = EvseId::parse(e.evse.as_str()).is_ok()
                && StationId::parse(e.station.as_str()).is_ok()
                && OwnerId::parse(e.owner.as_str()).is_ok()
                && member(e.utility);
            must(ids && e.number > 0, bad);
            must(!e.meter_key.is_empty() && !e.time_zone.is_empty(), bad);
            must(
                e.meter_key.len() <= 256 && e.time_zone.len() <= 48 && e.area.len() <= 32,
                RefusalCode::TooLarge,
            );
        }
        Operation::RetireEvse { evse, .. } => must(EvseId::parse(evse.as_str()).is_ok(), bad),
        Operation::RotateMeterKey { evse, meter_key } => {
            must(
                EvseId::parse(evse.as_str()).is_ok() && !meter_key.is_empty(),
                bad,
            );
            must(meter_key.len() <= 256, RefusalCode::TooLarge);
        }
        Operation::ProposeAgreement { agreement, .. }
        | Operation::Terms(TermsOperation::Counter { agreement, .. }) => {
            terms(agreement, &mut must);
        }
        Operation::CountersignAgreement { home, visited, .. }
        | Operation::TerminateAgreement { home, visited, .. } => {
            must(member(*home) && member(*visited), bad);
        }
        Operation::PlaceHold(h) => {
            must(member(h.visited) && member(h.guarantee.home), bad);
            must(currency(h.currency) && h.amount > Micro::ZERO, bad);
        }
        Operation::VoidHold {
            home,
            visited,
            currency: c,
            ..
        } => must(member(*home) && member(*visited) && currency(*c), bad),
        Operation::SettleCharge(s) => settlement(s, &mut must),
        Operation::ConfirmPayment(p) => {
            must(member(p.debtor) && member(p.creditor), bad);
            must(currency(p.currency) && p.amount > Micro::ZERO, bad);
        }
        Operation::Case(operation) => case(operation, &mut must),
        Operation::Money(operation) => money(operation, &mut must),
        Operation::Energy(operation) => energy(operation, &mut must),
        Operation::Rate(operation) => rate(operation, &mut must),
        Operation::Council(operation) => council(operation, &mut must),
        Operation::Forecast(operation) => forecast(operation, &mut must),
        Operation::Terms(operation) => life(operation, &mut must),
        _ => {}
    }
}

fn life(operation: &TermsOperation, must: &mut impl FnMut(bool, RefusalCode)) {
    let bad = RefusalCode::Malformed;
    let (home, visited) = match operation {
        TermsOperation::Suspend { home, visited, .. }
        | TermsOperation::Resume { home, visited, .. }
        | TermsOperation::Breach { home, visited, .. } => (home, visited),
        TermsOperation::ClaimRefusal(claim) => (&claim.request.home, &claim.request.visited),
        TermsOperation::AnswerRefusal { request, .. } => (&request.home, &request.visited),
        TermsOperation::CloseCycle {
            home,
            visited,
            currency: c,
            ..
        } => {
            must(currency(*c), bad);
            (home, visited)
        }
        TermsOperation::WithdrawOffer { slot } => {
            must(*slot < 8, RefusalCode::TooLarge);
            return;
        }
        TermsOperation::PostOffer(offer) => {
            let areas = &offer.areas;
            let none = areas.is_empty() || areas.iter().any(String::is_empty);
            must(!none && currency(offer.currency), bad);
            let small = areas.len() <= 16 && areas.iter().all(|a| a.len() <= 32);
            must(small && offer.slot < 8, RefusalCode::TooLarge);
            return;
        }
        TermsOperation::Counter { .. } => return,
    };
    must(member(*home) && member(*visited), bad);
}

fn case(operation: &CaseOperation, must: &mut impl FnMut(bool, RefusalCode)) {
    if let CaseOperation::Credit(note) = operation {
        let credit = &note.signed.credit;
        let ids = member(credit.home) && member(credit.visited);
        let owner = OwnerId::parse(note.owner.as_str()).is_ok();
        must(
            ids && owner && currency(note.currency) && credit.amount > Micro::ZERO,
            RefusalCode::Malformed,
        );
    }
    let (claim, about) = match operation {
        CaseOperation::Open(o) => (Some(&o.claim), o.event.as_deref()),
        CaseOperation::Answer(a) => match &a.reply {
            CaseReply::Offer(claim) => (Some(claim), a.event.as_deref()),
            _ => (None, a.event.as_deref()),
        },
        _ => (None, None),
    };
    if let Some(CaseClaim::Usage(claimed)) = claim {
        usage(claimed, must);
    }
    if let Some(about) = about {
        event(about, must);
    }
    if let Some(c) = operation.case() {
        let ids = member(c.opener) && member(c.home) && member(c.visited);
        let owner = OwnerId::parse(c.owner.as_str()).is_ok();
        must(ids && owner && currency(c.currency), RefusalCode::Malformed);
    }
}

fn money(operation: &MoneyOperation, must: &mut impl FnMut(bool, RefusalCode)) {
    if let MoneyOperation::CloseCycle(request) = operation {
        must(
            request.members.iter().all(|m| member(*m)) && currency(request.currency),
            RefusalCode::Malformed,
        );
        must(request.members.len() >= 2, RefusalCode::Malformed);
        must(request.members.len() <= 64, RefusalCode::TooLarge);
    }
    token(operation, must);
    let (id, amount) = match operation {
        MoneyOperation::PaymentSent(sent) => (&sent.obligation, Some(sent.amount)),
        MoneyOperation::PaymentReceived(got) => (&got.obligation, Some(got.amount)),
        MoneyOperation::ChargeInterest { obligation, .. } => (obligation, None),
        _ => return,
    };
    let parties = member(id.debtor) && member(id.creditor) && id.debtor != id.creditor;
    must(
        parties && currency(id.currency) && amount.is_none_or(|a| a > Micro::ZERO),
        RefusalCode::Malformed,
    );
}

/// Tokens are given in amounts above nothing, and limited by amounts not below it.
fn token(operation: &MoneyOperation, must: &mut impl FnMut(bool, RefusalCode)) {
    let (members, c, positive, other) = match operation {
        MoneyOperation::RegisterIssuer {
            currency: c, cap, ..
        } => (vec![], *c, Micro(1), *cap),
        MoneyOperation::AcceptIssuer {
            issuer,
            currency: c,
            limit,
        } => (vec![*issuer], *c, Micro(1), *limit),
        MoneyOperation::Mint(m) => (vec![m.holder], m.currency, m.amount, m.reserve.amount),
        MoneyOperation::Transfer {
            to,
            issuer,
            currency: c,
            amount,
            ..
        } => (vec![*to, *issuer], *c, *amount, Micro(0)),
        MoneyOperation::RequestRedemption(r)
        | MoneyOperation::ConfirmRedemption { redemption: r, .. } => {
            (vec![r.issuer], r.currency, r.amount, Micro(0))
        }
        MoneyOperation::DepositCollateral(p) | MoneyOperation::ReleaseCollateral(p) => (
            vec![p.debtor, p.creditor, p.issuer],
            p.currency,
            p.amount,
            Micro(0),
        ),
        MoneyOperation::Pay {
            debt,
            issuer,
            amount,
        } => {
            let (debtor, creditor, c) = debt.parties();
            (vec![debtor, creditor, *issuer], c, *amount, Micro(0))
        }
        MoneyOperation::Cover {
            obligation: id,
            issuer,
            amount,
        } => {
            let members = vec![id.debtor, id.creditor, *issuer];
            (members, id.currency, *amount, Micro(0))
        }
        _ => return,
    };
    must(
        members.into_iter().all(member) && currency(c) && positive > Micro(0) && other >= Micro(0),
        RefusalCode::Malformed,
    );
}

fn energy(operation: &EnergyOperation, must: &mut impl FnMut(bool, RefusalCode)) {
    let (area, seller, c, price, energy) = match operation {
        EnergyOperation::State(s) => (&s.area, None, None, Micro(0), 1),
        EnergyOperation::Offer(o) => (&o.area, None, Some(o.currency), o.price, o.energy.0),
        EnergyOperation::Accept(a) => {
            let (seller, c) = (Some(a.seller), Some(a.currency));
            (&a.area, seller, c, a.price, a.energy.0)
        }
        EnergyOperation::Cancel(c) => (&c.area, Some(c.seller), None, Micro(0), 1),
    };
    must(
        !area.is_empty() && seller.is_none_or(member) && c.is_none_or(currency),
        RefusalCode::Malformed,
    );
    must(price >= Micro(0) && energy > 0, RefusalCode::Malformed);
    must(area.len() <= 32, RefusalCode::TooLarge);
}

/// A calendar that is one, and days between 1900 and 2200.
fn forecast(operation: &ForecastOperation, must: &mut impl FnMut(bool, RefusalCode)) {
    let bad = RefusalCode::Malformed;
    match operation {
        ForecastOperation::Open { calendar } => {
            must(Calendar::read(calendar).is_ok(), bad);
            must(calendar.len() <= 32 * 1024, RefusalCode::TooLarge);
        }
        ForecastOperation::Publish(asked) => {
            let parties = [asked.parties.home, asked.parties.visited];
            let days = (-25_567..=84_371).contains(&asked.day.0);
            must(parties.into_iter().all(member) && days, bad);
        }
        _ => {}
    }
}

fn council(operation: &CouncilOperation, must: &mut impl FnMut(bool, RefusalCode)) {
    let bad = RefusalCode::Malformed;
    match operation {
        CouncilOperation::Propose { motion: m, .. }
        | CouncilOperation::Vote { motion: m, .. }
        | CouncilOperation::Enact { motion: m, .. } => motion(m, must),
        CouncilOperation::Report(evidence) => {
            must(member(evidence.offender), bad);
            must(contradict(evidence), RefusalCode::EvidenceEmpty);
        }
        CouncilOperation::ChangeContact {
            endpoint, ledger, ..
        } => {
            must(endpoint.len() <= 200, bad);
            must(ledger.as_deref().is_none_or(address), bad);
        }
        CouncilOperation::Leave { .. } | CouncilOperation::RotateValidatorKey { .. } => {}
    }
}

/// An address of a ledger node with its port.
fn address(text: &str) -> bool {
    text.len() <= 64 && text.parse::<core::net::SocketAddr>().is_ok()
}

fn motion(motion: &Motion, must: &mut impl FnMut(bool, RefusalCode)) {
    let bad = RefusalCode::Malformed;
    match motion {
        Motion::Admit { candidate, .. } => {
            let m = &candidate.member;
            let utility = m.kind == fairway_model::registry::MemberKind::Utility;
            let entry = (1..=80).contains(&m.name.len())
                && m.endpoint.len() <= 200
                && (!utility || !m.endpoint.is_empty());
            let proofs = m.validator.is_some() == candidate.validator_proof.is_some();
            let form = member(m.id) && entry && proofs && address(&candidate.ledger);
            must(form, bad);
            must(m.validator != Some(m.key), RefusalCode::KeyTaken);
        }
        Motion::Suspend { member: m, .. }
        | Motion::Reinstate { member: m }
        | Motion::Expel { member: m, .. } => must(member(*m), bad),
        Motion::ChangeValidators { join, leave } => {
            let all: Vec<MemberId> = join.iter().chain(leave).copied().collect();
            let apart: std::collections::BTreeSet<MemberId> = all.iter().copied().collect();
            let form = !all.is_empty() && apart.len() == all.len();
            must(form && all.iter().all(|m| member(*m)), bad);
            let longer = join.len().max(leave.len());
            must(longer <= 100, RefusalCode::TooLarge);
        }
        Motion::SetParameter {
            parameter, value, ..
        } => {
            let (_, bounds) = crate::model::council::parameter(*parameter);
            must(bounds.contains(value), RefusalCode::OutOfBounds);
        }
        Motion::ActivateVersion { .. } => {}
    }
}

/// A rate is between two currencies, and above nothing.
fn rate(operation: &RateOperation, must: &mut impl FnMut(bool, RefusalCode)) {
    let (currencies, positive) = match operation {
        RateOperation::State(s) => {
            must(!s.source.is_empty(), RefusalCode::Malformed);
            must(s.source.len() <= 64, RefusalCode::TooLarge);
            ((s.base, s.quote), vec![s.rate])
        }
        RateOperation::Convert(signed) => {
            let c = &signed.conversion;
            let members = [c.debtor, c.creditor, c.stated_by];
            must(members.into_iter().all(member), RefusalCode::Malformed);
            ((c.from, c.to), vec![c.amount, c.rate])
        }
    };
    let (a, b) = currencies;
    must(
        currency(a) && currency(b) && a != b && positive.iter().all(|m| *m > Micro(0)),
        RefusalCode::Malformed,
    );
}

fn terms(a: &Agreement, must: &mut impl FnMut(bool, RefusalCode)) {
    must(
        member(a.home) && member(a.visited) && currency(a.currency),
        RefusalCode::Malformed,
    );
    must(
        a.tariffs.len() <= 16 && a.tiers.len() <= 4,
        RefusalCode::TooLarge,
    );
}

fn settlement(s: &Settlement, must: &mut impl FnMut(bool, RefusalCode)) {
    event(s.event(), must);
    let owner = OwnerId::parse(s.owner.as_str()).is_ok();
    let area = s.area.as_ref();
    must(
        owner && currency(s.currency) && area.is_none_or(|a| !a.is_empty()),
        RefusalCode::Malformed,
    );
    must(area.is_none_or(|a| a.len() <= 32), RefusalCode::TooLarge);
}

/// A charge event, wherever it stands in a transaction.
fn event(event: &ChargeEvent, must: &mut impl FnMut(bool, RefusalCode)) {
    let ids =
        member(event.home) && member(event.visited) && EvseId::parse(event.evse.as_str()).is_ok();
    must(ids && !event.tariff.is_empty(), RefusalCode::Malformed);
    must(event.tariff.len() <= 36, RefusalCode::TooLarge);
    usage(&event.usage, must);
}

fn usage(usage: &Usage, must: &mut impl FnMut(bool, RefusalCode)) {
    must(!usage.periods.is_empty(), RefusalCode::Malformed);
    must(usage.periods.len() <= 672, RefusalCode::TooLarge);
}

fn currency(c: Currency) -> bool {
    Currency::parse(&c.to_string()).is_ok()
}
