//! Our copy of the money after settlement, read from the ledger's blocks: cycles, obligations, tokens, and the lines from which a
//! partner's statement is made. Like the registry it is only ever behind the ledger, never beside it.

use crate::command::{LineKind, StatementLine};
use crate::door::{Row, Table};
use fairway_ledger::money::state::ObligationState;
use fairway_ledger::money::{
    CycleSummary, MoneyEffect, MoneyOperation, NetTransfer, ObligationId, PaymentReceived, UtcDay,
};
use fairway_ledger::rates::Conversion;
use fairway_ledger::{Account, Payment, Receipt, Settlement};
use fairway_model::canonical::Canonical;
use fairway_model::{
    Currency, DecodeError, Hash, MemberId, Micro, MoneyError, SessionId, SharedBy, SplitKind, Time,
};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// Most lines that are kept for statements; of netted ones the oldest leave first. The journal has them all.
pub(crate) const MAX_LINES: usize = 100_000;
/// Most closed cycles that are kept.
pub(crate) const MAX_CYCLES: usize = 2_000;
/// Most obligations that are kept; of paid ones the oldest leave first.
pub(crate) const MAX_OBLIGATIONS: usize = 10_000;

/// Who owes, whom, in which currency.
pub(crate) type Direction = (MemberId, MemberId, Currency);

/// A closed cycle and where it stands on the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct CycleRecord {
    #[n(0)]
    pub(crate) summary: CycleSummary,
    #[n(1)]
    pub(crate) height: u64,
    #[n(2)]
    pub(crate) transaction: Hash,
    #[n(3)]
    pub(crate) closed_at: Time,
}

/// One of our obligations: owed by us or to us.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct ObligationRecord {
    #[n(0)]
    pub(crate) id: ObligationId,
    #[n(1)]
    pub(crate) state: ObligationState,
    /// The closing transaction.
    #[n(2)]
    pub(crate) transaction: Hash,
}

impl ObligationRecord {
    /// Whether at least one minor unit is unpaid; less cannot be paid by a bank.
    pub(crate) fn is_open(&self) -> bool {
        self.state
            .open()
            .is_ok_and(|open| open.0 >= self.id.currency.micros_per_minor())
    }
}

/// Positions as they change: what is added to each.
pub(crate) type Moves = Vec<(Direction, Micro)>;

/// The copy.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct MoneyBook {
    pub(crate) cycles: BTreeMap<(Currency, UtcDay), CycleRecord>,
    pub(crate) obligations: BTreeMap<ObligationId, ObligationRecord>,
    /// Balances of every account that holds tokens.
    pub(crate) tokens: BTreeMap<(Account, Currency), Micro>,
    /// Up to which amount a holder accepts an issuer's tokens.
    pub(crate) accepted: BTreeMap<Direction, Micro>,
    /// The oldest day on which something came to stand open that is not netted.
    pub(crate) since: BTreeMap<Currency, UtcDay>,
    lines: BTreeMap<(u64, Hash, u8), StatementLine>,
}

fn row<T: Canonical>(key: &str, subject: &str, at: Time, value: &T) -> Row {
    let key = format!("money/{key}");
    Row::new(Table::Registry, key.clone(), subject, at, key, value)
}

impl MoneyBook {
    /// Lines with a partner in a currency: those of a cycle, or those that are not netted yet.
    pub(crate) fn lines(
        &self,
        pair: (MemberId, MemberId),
        currency: Currency,
        cycle: Option<UtcDay>,
    ) -> impl Iterator<Item = &StatementLine> {
        self.lines.values().filter(move |line| {
            let between =
                (line.debtor, line.creditor) == pair || (line.creditor, line.debtor) == pair;
            between && line.currency == currency && line.cycle == cycle
        })
    }

    /// Notes a settled charge.
    pub(crate) fn settled(
        &mut self,
        me: MemberId,
        settlement: &Settlement,
        (owed, kind): (Micro, SplitKind),
        receipt: &Receipt,
    ) -> Vec<Row> {
        let event = settlement.event();
        let direction = (event.home, event.visited, settlement.currency);
        let mut rows = self.note_open(settlement.currency, UtcDay::of(receipt.time), receipt.time);
        let shares = event.shares;
        let line = (
            LineKind::Charge,
            Some((event.session, SharedBy { kind, shares })),
        );
        rows.extend(self.line(me, direction, line, owed, (receipt, 0)));
        rows
    }

    /// Notes a payment of a position that the creditor confirmed.
    pub(crate) fn paid(&mut self, me: MemberId, payment: &Payment, receipt: &Receipt) -> Vec<Row> {
        let direction = (payment.debtor, payment.creditor, payment.currency);
        let less = Micro(payment.amount.0.saturating_neg());
        let line = (LineKind::Payment, None);
        self.line(me, direction, line, less, (receipt, 0))
            .into_iter()
            .collect()
    }

    /// Notes energy that one member bought of another.
    pub(crate) fn traded(
        &mut self,
        me: MemberId,
        direction: Direction,
        amount: Micro,
        receipt: &Receipt,
    ) -> Vec<Row> {
        let mut rows = self.note_open(direction.2, UtcDay::of(receipt.time), receipt.time);
        rows.extend(self.line(me, direction, (LineKind::Trade, None), amount, (receipt, 0)));
        rows
    }

    /// Notes both legs of a debt that changed its currency.
    pub(crate) fn converted(
        &mut self,
        me: MemberId,
        conversion: &Conversion,
        converted: Micro,
        receipt: &Receipt,
    ) -> Vec<Row> {
        let pair = (conversion.debtor, conversion.creditor);
        let gone = Micro(conversion.amount.0.saturating_neg());
        let mut rows = self.note_open(conversion.to, UtcDay::of(receipt.time), receipt.time);
        let legs = [(0, conversion.from, gone), (1, conversion.to, converted)];
        for (number, currency, amount) in legs {
            let direction = (pair.0, pair.1, currency);
            let line = (LineKind::Conversion, None);
            rows.extend(self.line(me, direction, line, amount, (receipt, number)));
        }
        rows
    }

    fn note_open(&mut self, currency: Currency, day: UtcDay, at: Time) -> Vec<Row> {
        if self.since.contains_key(&currency) {
            return Vec::new();
        }
        self.since.insert(currency, day);
        vec![row(&format!("since/{currency}"), "", at, &(currency, day))]
    }

    fn line(
        &mut self,
        me: MemberId,
        (debtor, creditor, currency): Direction,
        (kind, charge): (LineKind, Option<(SessionId, SharedBy)>),
        amount: Micro,
        (receipt, number): (&Receipt, u8),
    ) -> Option<Row> {
        if (debtor != me && creditor != me) || amount == Micro::ZERO {
            return None;
        }
        let line = StatementLine {
            kind,
            debtor,
            creditor,
            currency,
            amount,
            session: charge.map(|(session, _)| session),
            transaction: receipt.transaction,
            height: receipt.height,
            at: receipt.time,
            cycle: None,
            shared: charge.map(|(_, shared)| shared),
        };
        Some(self.put_line(number, line))
    }

    fn put_line(&mut self, number: u8, line: StatementLine) -> Row {
        let (height, transaction) = (line.height, line.transaction);
        let key = format!("line/{height:020}/{transaction}/{number}");
        let partner = format!("{} {}", line.debtor, line.creditor);
        let row = row(&key, &partner, line.at, &(number, line.clone()));
        self.lines.insert((height, transaction, number), line);
        row
    }

    /// Takes over an applied money operation: the rows to store and the positions that it changed.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`], which the contract would have refused.
    pub(crate) fn apply(
        &mut self,
        me: MemberId,
        operation: &MoneyOperation,
        effect: &MoneyEffect,
        receipt: &Receipt,
    ) -> Result<(Vec<Row>, Moves), MoneyError> {
        let (mut rows, mut moves) = (self.post(receipt)?, Moves::new());
        match (operation, effect) {
            (_, MoneyEffect::CycleClosed(summary)) => {
                moves = moved(summary)?;
                rows.extend(self.close(me, summary, receipt));
            }
            (
                _,
                MoneyEffect::InterestCharged {
                    obligation,
                    through,
                    ..
                },
            ) => {
                rows.extend(self.change(obligation, receipt.time, |state| {
                    state.charge(*through).map(|_| ())
                })?);
            }
            (MoneyOperation::PaymentSent(sent), _) => {
                rows.extend(self.change(&sent.obligation, receipt.time, |state| {
                    state.sent = Some(*sent);
                    Ok(())
                })?);
            }
            (
                MoneyOperation::PaymentReceived(PaymentReceived { amount, .. })
                | MoneyOperation::Pay { amount, .. }
                | MoneyOperation::Cover { amount, .. },
                MoneyEffect::ObligationPaid { obligation, .. },
            ) => rows.extend(self.change(obligation, receipt.time, |state| {
                state.charge(UtcDay::of(receipt.time))?;
                state.pay(*amount)
            })?),
            (MoneyOperation::Pay { debt, amount, .. }, MoneyEffect::PositionPaid { .. }) => {
                let less = amount.negated()?;
                let line = (LineKind::Payment, None);
                rows.extend(self.line(me, debt.parties(), line, less, (receipt, 0)));
                moves.push((debt.parties(), less));
            }
            _ => {}
        }
        Ok((rows, moves))
    }

    /// Notes up to which amount a holder accepts an issuer's tokens.
    pub(crate) fn accept(&mut self, key: Direction, limit: Micro, at: Time) -> Row {
        self.accepted.insert(key, limit);
        let (holder, issuer, currency) = key;
        let text = format!("accept/{holder}/{issuer}/{currency}");
        row(
            &text,
            &holder.to_string(),
            at,
            &(holder, issuer, currency, limit),
        )
    }

    fn post(&mut self, receipt: &Receipt) -> Result<Vec<Row>, MoneyError> {
        let mut rows = Vec::new();
        let holds = |account: &Account| {
            !matches!(
                account,
                Account::Member(_) | Account::Tax(_) | Account::Owner(_)
            )
        };
        for posting in receipt.postings.iter().filter(|p| holds(&p.account)) {
            let key = (posting.account.clone(), posting.currency);
            let balance = self.tokens.entry(key).or_default();
            *balance = balance.plus(posting.amount)?;
            let value = (posting.account.clone(), posting.currency, *balance);
            let text = format!("token/{}/{}", posting.account, posting.currency);
            rows.push(row(&text, "", receipt.time, &value));
        }
        Ok(rows)
    }

    fn change(
        &mut self,
        id: &ObligationId,
        at: Time,
        how: impl FnOnce(&mut ObligationState) -> Result<(), MoneyError>,
    ) -> Result<Option<Row>, MoneyError> {
        let Some(record) = self.obligations.get_mut(id) else {
            return Ok(None);
        };
        how(&mut record.state)?;
        Ok(Some(obligation_row(record, at)))
    }

    /// A cycle is closed: its record, our obligations, the lines that it took, and what is carried.
    fn close(&mut self, me: MemberId, summary: &CycleSummary, receipt: &Receipt) -> Vec<Row> {
        let (currency, at) = (summary.currency, receipt.time);
        let record = CycleRecord {
            summary: summary.clone(),
            height: receipt.height,
            transaction: receipt.transaction,
            closed_at: at,
        };
        let mut rows = vec![cycle_row(&record)];
        self.cycles.insert((currency, summary.cycle), record);
        let today = UtcDay::of(at);
        let taken = |line: &StatementLine| {
            line.cycle.is_none() && line.currency == currency && UtcDay::of(line.at) < today
        };
        let netted = self.lines.iter().filter(|(_, line)| taken(line));
        let netted: Vec<_> = netted.map(|(key, line)| (key.2, line.clone())).collect();
        for (number, mut line) in netted {
            line.cycle = Some(summary.cycle);
            rows.push(self.put_line(number, line));
        }
        for (number, transfer) in (1u8..).zip(&summary.transfers) {
            rows.extend(self.oblige(me, summary, transfer, (receipt, number)));
        }
        // What was opened today is not netted yet; the day is early enough for the next close.
        self.since.insert(currency, today);
        rows.push(row(
            &format!("since/{currency}"),
            "",
            at,
            &(currency, today),
        ));
        rows
    }

    fn oblige(
        &mut self,
        me: MemberId,
        summary: &CycleSummary,
        transfer: &NetTransfer,
        place: (&Receipt, u8),
    ) -> Vec<Row> {
        let id = ObligationId {
            currency: summary.currency,
            cycle: summary.cycle,
            debtor: transfer.debtor,
            creditor: transfer.creditor,
        };
        if id.debtor != me && id.creditor != me {
            return Vec::new();
        }
        let direction = (id.debtor, id.creditor, id.currency);
        let line = (LineKind::Carried, None);
        let mut rows: Vec<Row> = self
            .line(me, direction, line, transfer.carried, place)
            .into_iter()
            .collect();
        if transfer.amount > Micro::ZERO {
            let record = ObligationRecord {
                id,
                state: ObligationState {
                    amount: transfer.amount,
                    principal: transfer.amount,
                    interest: Micro::ZERO,
                    due: summary.due,
                    interest_bps: summary.interest_bps,
                    charged_through: summary.due,
                    sent: None,
                    height: place.0.height,
                },
                transaction: place.0.transaction,
            };
            rows.push(obligation_row(&record, place.0.time));
            self.obligations.insert(id, record);
        }
        rows
    }

    /// Forgets the oldest of what is over; the keys of the rows that leave.
    pub(crate) fn forget(&mut self) -> Vec<String> {
        let mut keys = Vec::new();
        while self.cycles.len() > MAX_CYCLES {
            let Some(((currency, cycle), _)) = self.cycles.pop_first() else {
                break;
            };
            keys.push(format!("money/cycle/{currency}/{cycle}"));
        }
        let excess = self.lines.len().saturating_sub(MAX_LINES);
        let netted = self.lines.iter().filter(|(_, line)| line.cycle.is_some());
        for key in netted.map(|(key, _)| *key).take(excess).collect::<Vec<_>>() {
            self.lines.remove(&key);
            keys.push(format!("money/line/{:020}/{}/{}", key.0, key.1, key.2));
        }
        let excess = self.obligations.len().saturating_sub(MAX_OBLIGATIONS);
        let paid = self.obligations.values().filter(|record| !record.is_open());
        for id in paid
            .map(|record| record.id)
            .take(excess)
            .collect::<Vec<_>>()
        {
            self.obligations.remove(&id);
            keys.push(format!("money/obligation/{id}"));
        }
        keys
    }

    /// Takes back a stored row, whose key begins with `money/`.
    pub(crate) fn restore(&mut self, stored: &Row) -> Result<(), DecodeError> {
        let body = &stored.body;
        match stored.key.split('/').nth(1).unwrap_or_default() {
            "cycle" => {
                let record = CycleRecord::from_bytes(body)?;
                let key = (record.summary.currency, record.summary.cycle);
                self.cycles.insert(key, record);
            }
            "obligation" => {
                let record = ObligationRecord::from_bytes(body)?;
                self.obligations.insert(record.id, record);
            }
            "token" => {
                let (account, currency, balance) = <(Account, Currency, Micro)>::from_bytes(body)?;
                self.tokens.insert((account, currency), balance);
            }
            "accept" => {
                let (holder, issuer, currency, limit) =
                    <(MemberId, MemberId, Currency, Micro)>::from_bytes(body)?;
                self.accepted.insert((holder, issuer, currency), limit);
            }
            "since" => {
                let (currency, day) = <(Currency, UtcDay)>::from_bytes(body)?;
                self.since.insert(currency, day);
            }
            "line" => {
                let (number, line) = <(u8, StatementLine)>::from_bytes(body)?;
                self.lines
                    .insert((line.height, line.transaction, number), line);
            }
            other => {
                let text = format!("money row of unknown kind {other:?}");
                return Err(DecodeError::Malformed(text));
            }
        }
        Ok(())
    }
}

/// What a close does to positions: takes the netted ones, leaves the carried rests.
fn moved(summary: &CycleSummary) -> Result<Moves, MoneyError> {
    let currency = summary.currency;
    let mut moves = Moves::new();
    for taken in &summary.positions {
        let less = taken.amount.negated()?;
        moves.push(((taken.debtor, taken.creditor, currency), less));
    }
    for transfer in &summary.transfers {
        let direction = (transfer.debtor, transfer.creditor, currency);
        moves.push((direction, transfer.carried));
    }
    Ok(moves)
}

fn cycle_row(record: &CycleRecord) -> Row {
    let summary = &record.summary;
    let key = format!("cycle/{}/{}", summary.currency, summary.cycle);
    row(&key, "", record.closed_at, record)
}

fn obligation_row(record: &ObligationRecord, at: Time) -> Row {
    let subject = format!("{} {}", record.id.debtor, record.id.creditor);
    row(&format!("obligation/{}", record.id), &subject, at, record)
}
