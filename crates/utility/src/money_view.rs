//! What may be read of the money after settlement, and what an operator hands in.

use crate::command::{
    CycleView, MAX_LIST, MoneyCommand, MoneyReply, ObligationView, Reply, Statement,
    StatementRequest, TokenView,
};
use crate::machine::Utility;
use crate::money::{CycleRecord, ObligationRecord};
use crate::out::Out;
use fairway_ledger::money::{ObligationId, UtcDay};
use fairway_ledger::{Account, Operation};
use fairway_model::{MemberId, Micro, MoneyError, Refusal, RefusalCode, Time};

fn too_large(e: &MoneyError) -> Refusal {
    Refusal::new(RefusalCode::TooLarge, e.to_string())
}

impl Utility {
    pub(crate) fn money_command(
        &mut self,
        out: &mut Out,
        id: &[u8; 16],
        command: MoneyCommand,
    ) -> Result<Reply, Refusal> {
        let reply = match command {
            MoneyCommand::Cycles => MoneyReply::Cycles(self.cycles()),
            MoneyCommand::Statement(request) => {
                MoneyReply::Statement(Box::new(self.statement(&request)?))
            }
            MoneyCommand::Obligations => MoneyReply::Obligations(self.obligations(out.now)?),
            MoneyCommand::Tokens => MoneyReply::Tokens(self.tokens()),
            MoneyCommand::Exposures => MoneyReply::Exposures(self.exposures(out.now)?),
            MoneyCommand::HandIn(operation) => {
                return self.hand_in(out, id, Operation::Money(operation));
            }
        };
        Ok(Reply::Money(reply))
    }

    /// What we owe and are owed after netting: the obligation and what of it is unpaid.
    pub fn open_obligations(&self) -> impl Iterator<Item = (ObligationId, Micro)> {
        let all = self.registry.money.obligations.values();
        all.map(|record| (record.id, record.state.open().unwrap_or_default()))
    }

    /// The newest closed cycles first.
    fn cycles(&self) -> Vec<CycleView> {
        let mut all: Vec<&CycleRecord> = self.registry.money.cycles.values().collect();
        all.sort_by_key(|record| core::cmp::Reverse(record.height));
        let newest = all.into_iter().take(MAX_LIST);
        newest.map(|record| self.cycle_view(record)).collect()
    }

    fn cycle_view(&self, record: &CycleRecord) -> CycleView {
        CycleView {
            summary: record.summary.clone(),
            height: record.height,
            transaction: record.transaction,
            closed_at: record.closed_at,
            member: self.me.id,
        }
    }

    /// What stood between us and a partner in a cycle, or stands since the last one, line by line.
    fn statement(&self, request: &StatementRequest) -> Result<Statement, Refusal> {
        let (me, partner, currency) = (self.me.id, request.partner, request.currency);
        if partner == me {
            let text = format!("a statement is between two members; {me} is this one");
            return Err(Refusal::new(RefusalCode::NotAuthorized, text));
        }
        let book = &self.registry.money;
        let record = match request.cycle {
            None => None,
            Some(cycle) => Some(book.cycles.get(&(currency, cycle)).ok_or_else(|| {
                let text = format!("no cycle in {currency} that ended at {cycle} is known here");
                Refusal::new(RefusalCode::NothingDue, text)
            })?),
        };
        let lines = book.lines((me, partner), currency, request.cycle);
        let lines: Vec<_> = lines.cloned().collect();
        let signed = |debtor: MemberId, amount: Micro| {
            if debtor == partner {
                Ok(amount)
            } else {
                amount.negated()
            }
        };
        let sum = lines.iter().try_fold(Micro::ZERO, |sum, line| {
            sum.plus(signed(line.debtor, line.amount)?)
        });
        let sum = sum.map_err(|e| too_large(&e))?;
        let netted = match record {
            None => self
                .position(partner, me, currency)
                .minus(self.position(me, partner, currency)),
            Some(record) => record
                .summary
                .positions
                .iter()
                .filter(|p| [(me, partner), (partner, me)].contains(&(p.debtor, p.creditor)))
                .try_fold(Micro::ZERO, |sum, p| sum.plus(signed(p.debtor, p.amount)?)),
        };
        let netted = netted.map_err(|e| too_large(&e))?;
        Ok(Statement {
            member: me,
            partner,
            currency,
            cycle: request.cycle,
            lines,
            total: netted,
            other: netted.minus(sum).map_err(|e| too_large(&e))?,
        })
    }

    fn position(
        &self,
        debtor: MemberId,
        creditor: MemberId,
        currency: fairway_model::Currency,
    ) -> Micro {
        let key = (debtor, creditor, currency);
        self.registry
            .positions
            .get(&key)
            .copied()
            .unwrap_or_default()
    }

    /// Open ones first, then the newest.
    fn obligations(&self, now: Time) -> Result<Vec<ObligationView>, Refusal> {
        let mut all: Vec<&ObligationRecord> = self.registry.money.obligations.values().collect();
        all.sort_by_key(|record| {
            (
                !record.is_open(),
                core::cmp::Reverse(record.id.cycle),
                record.id,
            )
        });
        let view = |record: &ObligationRecord| {
            let today = UtcDay::of(now);
            Ok(ObligationView {
                id: record.id,
                amount: record.state.amount,
                open: record.state.open().map_err(|e| too_large(&e))?,
                accrued: record.state.accrued(today).map_err(|e| too_large(&e))?,
                due: record.state.due,
                overdue: record.is_open() && today > record.state.due,
                sent: record.state.sent,
                transaction: record.transaction,
                height: record.state.height,
            })
        };
        all.into_iter().take(MAX_LIST).map(view).collect()
    }

    /// Balances of token accounts that concern us, and what we accept.
    fn tokens(&self) -> Vec<TokenView> {
        let me = self.me.id;
        let ours = |account: &Account| match account {
            Account::Token { holder, .. } | Account::Redeeming { holder, .. } => *holder == me,
            Account::Issued(issuer) => *issuer == me,
            Account::Collateral {
                debtor, creditor, ..
            } => *debtor == me || *creditor == me,
            Account::Member(_) | Account::Tax(_) | Account::Owner(_) => false,
        };
        let book = &self.registry.money;
        let balances = book.tokens.iter().filter(|((account, _), _)| ours(account));
        let mut views: Vec<TokenView> = balances
            .map(|((account, currency), balance)| TokenView {
                account: account.clone(),
                currency: *currency,
                balance: *balance,
                limit: None,
            })
            .collect();
        for ((holder, issuer, currency), limit) in &book.accepted {
            if *holder != me {
                continue;
            }
            let account = Account::Token {
                holder: me,
                issuer: *issuer,
            };
            let found = views
                .iter_mut()
                .find(|view| view.account == account && view.currency == *currency);
            match found {
                Some(view) => view.limit = Some(*limit),
                None => views.push(TokenView {
                    account,
                    currency: *currency,
                    balance: Micro::ZERO,
                    limit: Some(*limit),
                }),
            }
        }
        views.truncate(MAX_LIST);
        views
    }
}
