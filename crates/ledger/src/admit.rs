//! Checks that need no state: form, bounds, signatures.

use crate::batch;
use crate::context::refuse;
use crate::council;
use crate::life;
use crate::limits::{MAX_AREA_LEN, MAX_METER_KEY_BYTES, MAX_TIERS, MAX_TIME_ZONE_LEN};
use crate::rules;
use crate::tx::{Hold, MAX_TX_BYTES, Operation, Payment, Settlement, Transaction};
use fairway_model::agreement::{Agreement, MAX_TARIFFS};
use fairway_model::canonical::DecodeError;
use fairway_model::charge::{ChargeEvent, MAX_PERIODS};
use fairway_model::cin::{CinError, CinPrefix, MAX_PREFIX_DIGITS, MIN_PREFIX_DIGITS};
use fairway_model::ids::{EvseId, IdError, MemberId, OwnerId, StationId};
use fairway_model::money::{Currency, Micro};
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::registry::EvseEntry;
use fairway_model::sign::{Claim, verify_all};

/// Longest tariff id (OCPI: 36).
const MAX_TARIFF_ID_LEN: usize = 36;

/// One verdict per transaction. All signatures go into one batch; only when that fails is each transaction looked at alone.
pub(crate) fn admit<T: AsRef<[u8]>>(chain: &str, txs: &[T]) -> Vec<Result<(), Refusal>> {
    let read: Vec<Result<Transaction, Refusal>> = txs.iter().map(|tx| read(tx.as_ref())).collect();
    let claims: Vec<Claim> = read
        .iter()
        .flatten()
        .flat_map(|tx| tx.claims(chain))
        .map(|(_, claim)| claim)
        .collect();
    let all_hold = verify_all(&claims);
    read.into_iter()
        .map(|tx| {
            if all_hold {
                tx.map(|_| ())
            } else {
                check_signatures(chain, &tx?)
            }
        })
        .collect()
}

fn check_signatures(chain: &str, tx: &Transaction) -> Result<(), Refusal> {
    let Some((what, claim)) = tx.claims(chain).into_iter().find(does_not_hold) else {
        return Ok(());
    };
    let place = match &tx.operation {
        Operation::Batch(items) => items
            .iter()
            .position(|item| item.claims().iter().any(does_not_hold))
            .map_or_else(String::new, |at| format!(" in item {at}")),
        _ => String::new(),
    };
    let text = format!(
        "the signature of the {what}{place} does not verify with key {} on chain {chain}",
        claim.key
    );
    refuse(RefusalCode::BadSignature, text)
}

fn does_not_hold((_, claim): &(&str, Claim)) -> bool {
    !claim.key.verify_raw(&claim.message, &claim.signature)
}

fn read(bytes: &[u8]) -> Result<Transaction, Refusal> {
    let tx = Transaction::read(bytes).map_err(|e| match e {
        DecodeError::TooLong(n) => Refusal::new(
            RefusalCode::TooLarge,
            format!("the transaction has {n} bytes; at most {MAX_TX_BYTES} are allowed"),
        ),
        other => Refusal::new(RefusalCode::Malformed, format!("no transaction: {other}")),
    })?;
    check_member(tx.member)?;
    check_operation(&tx.operation)?;
    Ok(tx)
}

fn check_operation(operation: &Operation) -> Result<(), Refusal> {
    match operation {
        Operation::RegisterPrefix(entry) => {
            check_member(entry.member)?;
            cin_prefix(&entry.prefix).map(|_| ())
        }
        Operation::RegisterEvse(entry) => check_evse_entry(entry),
        Operation::RetireEvse { evse, .. } => check_evse(evse),
        Operation::RotateMeterKey { evse, meter_key } => {
            check_evse(evse).and_then(|()| check_meter_key(meter_key))
        }
        Operation::RotateMemberKey { .. }
        | Operation::RotateEncryptionKey { .. }
        | Operation::Dispute(_) => Ok(()),
        Operation::ProposeAgreement { agreement, .. } => check_agreement(agreement),
        Operation::CountersignAgreement { home, visited, .. }
        | Operation::TerminateAgreement { home, visited, .. } => {
            check_member(*home).and_then(|()| check_member(*visited))
        }
        Operation::PlaceHold(hold) => check_hold(hold),
        Operation::VoidHold {
            home,
            visited,
            currency,
            ..
        } => check_void(*home, *visited, *currency),
        Operation::Batch(items) => batch::check(items),
        Operation::SettleCharge(settlement) => check_settlement(settlement),
        Operation::ConfirmPayment(payment) => check_payment(payment),
        Operation::Council(operation) => council::check(operation),
        Operation::Case(operation) => crate::cases::admit::check(operation),
        Operation::Energy(operation) => crate::energy::check(operation),
        Operation::Rate(operation) => crate::rates::check(operation),
        Operation::Money(operation) => crate::money::admit::check(operation),
        Operation::Terms(operation) => life::check(operation),
        Operation::Rule(operation) => rules::admit(operation),
        Operation::Forecast(operation) => crate::forecast::check(operation),
    }
}

fn malformed(error: &IdError) -> Refusal {
    Refusal::new(RefusalCode::Malformed, error.to_string())
}

pub(crate) fn check_member(id: MemberId) -> Result<(), Refusal> {
    MemberId::parse(&id.to_string())
        .map(|_| ())
        .map_err(|e| malformed(&e))
}

fn check_evse(id: &EvseId) -> Result<(), Refusal> {
    EvseId::parse(id.as_str())
        .map(|_| ())
        .map_err(|e| malformed(&e))
}

pub(crate) fn check_owner(id: &OwnerId) -> Result<(), Refusal> {
    OwnerId::parse(id.as_str())
        .map(|_| ())
        .map_err(|e| malformed(&e))
}

pub(crate) fn check_currency(currency: Currency) -> Result<(), Refusal> {
    Currency::parse(&currency.to_string())
        .map(|_| ())
        .map_err(|e| Refusal::new(RefusalCode::Malformed, e.to_string()))
}

pub(crate) fn check_len(what: &str, len: usize, low: usize, high: usize) -> Result<(), Refusal> {
    if (low..=high).contains(&len) {
        return Ok(());
    }
    let code = if len > high {
        RefusalCode::TooLarge
    } else {
        RefusalCode::Malformed
    };
    refuse(code, format!("{what}: {len}; {low} to {high} are allowed"))
}

/// Reads the digits of a registered prefix. Separators, which people may type, are refused here: a prefix has one form on the ledger.
pub(crate) fn cin_prefix(text: &str) -> Result<CinPrefix, Refusal> {
    let prefix = CinPrefix::parse(text).map_err(|e| {
        let (code, why) = match e {
            CinError::TooLong(n) => (RefusalCode::TooLarge, format!("{n} bytes of text")),
            CinError::Empty => (RefusalCode::Malformed, "no text".to_owned()),
            CinError::Length { found, .. } => (RefusalCode::Malformed, format!("{found} digits")),
            other => (RefusalCode::Malformed, other.to_string()),
        };
        let text = format!(
            "no CIN prefix of {MIN_PREFIX_DIGITS} to {MAX_PREFIX_DIGITS} digits (country, network, AAA node): {why}"
        );
        Refusal::new(code, text)
    })?;
    if prefix.as_str() == text {
        return Ok(prefix);
    }
    refuse(
        RefusalCode::Malformed,
        format!("CIN prefix {text:?} is registered without separators: {prefix}"),
    )
}

fn check_meter_key(key: &[u8]) -> Result<(), Refusal> {
    check_len("bytes of the meter key", key.len(), 1, MAX_METER_KEY_BYTES)
}

fn check_evse_entry(entry: &EvseEntry) -> Result<(), Refusal> {
    check_evse(&entry.evse)?;
    StationId::parse(entry.station.as_str()).map_err(|e| malformed(&e))?;
    check_member(entry.utility)?;
    check_owner(&entry.owner)?;
    check_meter_key(&entry.meter_key)?;
    check_len(
        "bytes of the time zone",
        entry.time_zone.len(),
        1,
        MAX_TIME_ZONE_LEN,
    )?;
    check_len("bytes of the grid area", entry.area.len(), 0, MAX_AREA_LEN)?;
    if entry.number == 0 {
        return refuse(
            RefusalCode::Malformed,
            "the EVSE's number in its station is 0; numbers begin with 1 (OCPP evseId)",
        );
    }
    Ok(())
}

pub(crate) fn check_agreement(agreement: &Agreement) -> Result<(), Refusal> {
    check_member(agreement.home)?;
    check_member(agreement.visited)?;
    check_currency(agreement.currency)?;
    check_len("tariffs", agreement.tariffs.len(), 0, MAX_TARIFFS)?;
    check_len("tiers", agreement.tiers.len(), 0, MAX_TIERS)
}

pub(crate) fn check_void(
    home: MemberId,
    visited: MemberId,
    currency: Currency,
) -> Result<(), Refusal> {
    check_member(home)?;
    check_member(visited)?;
    check_currency(currency)
}

pub(crate) fn check_hold(hold: &Hold) -> Result<(), Refusal> {
    check_member(hold.visited)?;
    check_member(hold.guarantee.home)?;
    check_currency(hold.currency)?;
    check_positive("the hold", hold.amount, hold.currency)
}

pub(crate) fn check_positive(what: &str, amount: Micro, currency: Currency) -> Result<(), Refusal> {
    if amount > Micro::ZERO {
        return Ok(());
    }
    refuse(
        RefusalCode::Malformed,
        format!(
            "{what} is of {} {currency}; it must be more than nothing",
            amount.text(currency)
        ),
    )
}

pub(crate) fn check_settlement(settlement: &Settlement) -> Result<(), Refusal> {
    check_event(settlement.event())?;
    check_owner(&settlement.owner)?;
    let area = settlement.area.as_deref().map_or(1, str::len);
    check_len("bytes of the grid area", area, 1, MAX_AREA_LEN)?;
    check_currency(settlement.currency)
}

/// Bounds of a charge event.
pub(crate) fn check_event(event: &ChargeEvent) -> Result<(), Refusal> {
    check_member(event.home)?;
    check_member(event.visited)?;
    check_evse(&event.evse)?;
    check_len(
        "bytes of the tariff id",
        event.tariff.len(),
        1,
        MAX_TARIFF_ID_LEN,
    )?;
    check_len("periods", event.usage.periods.len(), 1, MAX_PERIODS)
}

fn check_payment(payment: &Payment) -> Result<(), Refusal> {
    check_member(payment.debtor)?;
    check_member(payment.creditor)?;
    check_currency(payment.currency)?;
    check_positive("the payment", payment.amount, payment.currency)
}
