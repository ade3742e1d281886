//! Multilateral netting: from what each member is owed on balance to few transfers that bring the same about.
//!
//! The rule, so that every validator finds the same: first every debtor whose balance is exactly a creditor's opposite pays that
//! creditor (both in order of member id); then the greatest debtor pays the greatest creditor as much as both allow, again and
//! again; of equals the first by member id. Each transfer settles at least one member whole and the last one two, so n members
//! need at most n - 1.

use fairway_model::ids::MemberId;
use fairway_model::money::{Micro, MoneyError};
use std::collections::BTreeMap;

/// Who owes whom how much.
pub type Transfer = (MemberId, MemberId, Micro);

/// What every member is owed on balance, below nothing when it owes; from what the first of each pair owes the second.
///
/// # Errors
/// [`MoneyError::Overflow`].
pub fn balances(
    owed: impl IntoIterator<Item = Transfer>,
) -> Result<BTreeMap<MemberId, Micro>, MoneyError> {
    let mut nets: BTreeMap<MemberId, Micro> = BTreeMap::new();
    for (debtor, creditor, amount) in owed {
        let less = nets.entry(debtor).or_default();
        *less = less.minus(amount)?;
        let more = nets.entry(creditor).or_default();
        *more = more.plus(amount)?;
    }
    Ok(nets)
}

/// Few transfers with the same balances. The balances must add up to nothing; what is left over otherwise is not transferred.
///
/// # Errors
/// [`MoneyError::Overflow`].
pub fn transfers(nets: &BTreeMap<MemberId, Micro>) -> Result<Vec<Transfer>, MoneyError> {
    let (mut debts, mut credits) = (BTreeMap::new(), BTreeMap::new());
    for (member, net) in nets {
        if *net < Micro::ZERO {
            debts.insert(*member, net.negated()?);
        } else if *net > Micro::ZERO {
            credits.insert(*member, *net);
        }
    }
    let mut found = exact(&mut debts, &mut credits);
    while let (Some(debtor), Some(creditor)) = (greatest(&debts), greatest(&credits)) {
        let amount = debtor.1.min(creditor.1);
        found.push((debtor.0, creditor.0, amount));
        settle(&mut debts, debtor, amount)?;
        settle(&mut credits, creditor, amount)?;
    }
    Ok(found)
}

/// Takes out every pair of equal amounts.
fn exact(
    debts: &mut BTreeMap<MemberId, Micro>,
    credits: &mut BTreeMap<MemberId, Micro>,
) -> Vec<Transfer> {
    let mut found = Vec::new();
    for (debtor, amount) in debts.clone() {
        let equal = credits
            .iter()
            .find(|(_, credit)| **credit == amount)
            .map(|(creditor, _)| *creditor);
        if let Some(creditor) = equal {
            debts.remove(&debtor);
            credits.remove(&creditor);
            found.push((debtor, creditor, amount));
        }
    }
    found
}

/// The greatest amount; of equals the first member's.
fn greatest(amounts: &BTreeMap<MemberId, Micro>) -> Option<(MemberId, Micro)> {
    let first = |best: Option<(MemberId, Micro)>, (member, amount): (&MemberId, &Micro)| {
        let better = best.is_none_or(|(_, most)| *amount > most);
        if better {
            Some((*member, *amount))
        } else {
            best
        }
    };
    amounts.iter().fold(None, first)
}

fn settle(
    amounts: &mut BTreeMap<MemberId, Micro>,
    (member, before): (MemberId, Micro),
    amount: Micro,
) -> Result<(), MoneyError> {
    let rest = before.minus(amount)?;
    if rest == Micro::ZERO {
        amounts.remove(&member);
    } else {
        amounts.insert(member, rest);
    }
    Ok(())
}
