//! How an auditor folds credits and cases into his books: from the transaction, and from what his own books say of the charge.

use super::effect::CaseEffect;
use super::op::{CaseClaim, CaseOperation, CaseRef, CaseReply};
use crate::books::{BookedCase, BookedCharge, Books, BooksError, Change, Credited, postings};
use crate::receipt::{Account, Effect};
use fairway_model::ids::{MemberId, SessionId};
use fairway_model::money::{Micro, MoneyError};
use fairway_model::price::Shares;

impl Books {
    /// What an applied operation of the group does; `None` when the receipt claims what the operation cannot do.
    pub(crate) fn of_case(
        &self,
        operation: &CaseOperation,
        effect: &Effect,
    ) -> Result<Option<Change>, BooksError> {
        let Effect::Case(effect) = effect else {
            return Ok(None);
        };
        match (operation, effect) {
            (CaseOperation::Credit(note), CaseEffect::Credited { amount, shares, .. })
                if note.signed.credit.amount == *amount =>
            {
                self.of_credit(note.signed.credit.session, (*amount, shares))
            }
            (CaseOperation::Open(opening), CaseEffect::Opened { claimed, .. }) => {
                let stated = match &opening.claim {
                    CaseClaim::Total(total) => total == claimed,
                    CaseClaim::Usage(_) => true,
                };
                let frozen = self.freezes(opening.case.session, *claimed)?;
                let case = |frozen| BookedCase {
                    claimed: *claimed,
                    answered: None,
                    closed: false,
                    frozen,
                };
                let frozen = frozen.filter(|_| stated);
                Ok(frozen.map(|frozen| changed(&opening.case, case(frozen))))
            }
            (CaseOperation::Answer(answer), CaseEffect::Answered { total, .. })
                if answer.reply != CaseReply::Accept =>
            {
                let case = self.case(answer.case.session, answer.case.opener);
                Ok(case.map(|case| {
                    let answered = Some(*total);
                    changed(&answer.case, BookedCase { answered, ..*case })
                }))
            }
            (CaseOperation::Escalate(_), CaseEffect::Escalated { .. })
            | (CaseOperation::Vote { .. }, CaseEffect::Voted { .. }) => Ok(Some(Change::default())),
            (operation, effect) => self.of_end(operation, effect),
        }
    }

    /// The end of a case credits the way to a total that one of the two parties named, or nothing.
    fn of_end(
        &self,
        operation: &CaseOperation,
        effect: &CaseEffect,
    ) -> Result<Option<Change>, BooksError> {
        let may_end = matches!(
            operation,
            CaseOperation::Answer(_)
                | CaseOperation::Accept(_)
                | CaseOperation::Withdraw(_)
                | CaseOperation::Vote { .. }
                | CaseOperation::Close(_)
        );
        let CaseEffect::Closed {
            total,
            credited,
            shares,
            ..
        } = effect
        else {
            return Ok(None);
        };
        let Some(reference) = operation.case().filter(|_| may_end) else {
            return Ok(None);
        };
        let (Some(charge), Some(case)) = (
            self.charge(reference.session),
            self.case(reference.session, reference.opener),
        ) else {
            return Ok(None);
        };
        let left = sum(&charge.left)?;
        let named = *total == case.claimed || Some(*total) == case.answered || *total == left;
        let owed = left.minus(*total)?.max(Micro::ZERO);
        if case.closed || !named || owed != *credited {
            return Ok(None);
        }
        let closed = BookedCase {
            closed: true,
            ..*case
        };
        let entry = self.of_credit(reference.session, (*credited, shares))?;
        Ok(entry.map(|entry| Change {
            case: Some((key(reference), closed)),
            credit: entry.credit.filter(|credit| credit.amount != Micro::ZERO),
            ..entry
        }))
    }

    fn of_credit(
        &self,
        session: SessionId,
        (amount, stated): (Micro, &Shares),
    ) -> Result<Option<Change>, BooksError> {
        let Some(charge) = self.charge(session) else {
            return Ok(None);
        };
        let Ok(shares) = fairway_pricing::reverse(amount, &charge.left) else {
            return Ok(None);
        };
        if shares != *stated {
            return Ok(None);
        }
        let currency = charge.currency;
        let comes_home = amount.minus(shares.home)?;
        let amounts = [
            (Account::Member(charge.home), comes_home),
            (Account::Member(charge.visited), shares.visited.negated()?),
            (
                Account::Owner(charge.owner.clone()),
                shares.owner.negated()?,
            ),
            (Account::Tax(charge.visited), shares.tax.negated()?),
        ];
        let left = &charge.left;
        let credit = Credited {
            session,
            pair: (charge.home, charge.visited, currency),
            amount,
            left: Shares {
                home: left.home.minus(shares.home)?,
                visited: left.visited.minus(shares.visited)?,
                owner: left.owner.minus(shares.owner)?,
                tax: left.tax.minus(shares.tax)?,
            },
        };
        Ok(Some(Change {
            postings: postings(amounts, currency),
            positions: self.moved(charge, comes_home)?,
            credit: Some(credit),
            ..Change::default()
        }))
    }

    /// What a claim keeps out of netting: what would come home if it were right.
    fn freezes(&self, session: SessionId, claimed: Micro) -> Result<Option<Micro>, MoneyError> {
        let Some(charge) = self.charge(session) else {
            return Ok(None);
        };
        let disputed = sum(&charge.left)?.minus(claimed)?;
        let Ok(shares) = fairway_pricing::reverse(disputed, &charge.left) else {
            return Ok(None);
        };
        disputed.minus(shares.home).map(Some)
    }

    /// Home owes less; what it does not owe at present, visited owes it.
    fn moved(
        &self,
        charge: &BookedCharge,
        comes_home: Micro,
    ) -> Result<Vec<(MemberId, MemberId, fairway_model::money::Currency, Micro)>, MoneyError> {
        let (home, visited, currency) = (charge.home, charge.visited, charge.currency);
        if home == visited {
            return Ok(Vec::new());
        }
        let owed = self.position(home, visited, currency);
        if comes_home <= owed {
            return Ok(vec![(home, visited, currency, comes_home.negated()?)]);
        }
        Ok(vec![
            (home, visited, currency, owed.negated()?),
            (visited, home, currency, comes_home.minus(owed)?),
        ])
    }
}

fn sum(shares: &Shares) -> Result<Micro, MoneyError> {
    Micro::sum([shares.home, shares.visited, shares.owner, shares.tax])
}

fn key(case: &CaseRef) -> (SessionId, MemberId) {
    (case.session, case.opener)
}

fn changed(reference: &CaseRef, case: BookedCase) -> Change {
    Change {
        case: Some((key(reference), case)),
        ..Change::default()
    }
}
