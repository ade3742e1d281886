//! Rates and conversions.

use super::Builder;
use crate::cast::Missing;
use crate::rating;
use crate::step::{Fault, RateStep};
use fairway_ledger::Operation;
use fairway_ledger::money::UtcDay;
use fairway_ledger::rates::{
    CONVERSION_DOMAIN, Conversion, RateOperation, RateStatement, SignedConversion,
};
use fairway_model::canonical::Canonical;
use fairway_model::time::DAY;
use fairway_model::{Currency, Hash, Micro};

/// Currencies into which debts are converted.
const INTO: [&str; 4] = ["USD", "EUR", "JPY", "KWD"];
/// Rates: usual ones, the least, and some of which a few cents come to a hair under half a cent.
pub(crate) const RATES: [i64; 8] = [
    921_400,
    1_085_304,
    149_350_000,
    6_542,
    1,
    499_999,
    1_499_999,
    499_950,
];

impl Builder<'_> {
    /// A currency that is not this one, by its place in the list.
    fn quote(&self, from: Currency, place: usize) -> Result<Currency, Missing> {
        let of = |place: usize| Currency::parse(INTO.get(place % 4).copied().unwrap_or("USD"));
        let wanted = of(place)?;
        Ok(match self.step.fault {
            Fault::Unsound(0) => from,
            _ if wanted == from => of(place + 1)?,
            _ => wanted,
        })
    }

    fn day(&self, days: i64) -> UtcDay {
        let day = self.step.at.div_euclid(DAY) + days;
        UtcDay(u32::try_from(day).unwrap_or(0))
    }

    pub(super) fn rate(&self, pair: usize, part: RateStep) -> Result<Operation, Missing> {
        let base = self.currency(self.cast.terms(pair, 1)?.currency);
        match part {
            RateStep::State(into, days, rate) => {
                let source = match self.step.fault {
                    Fault::Unsound(2) => String::new(),
                    Fault::Unsound(3) => "s".repeat(65),
                    Fault::Unsound(4) => "s".repeat(64),
                    _ => "ECB euro reference rates".to_owned(),
                };
                let right = RATES.get(rate % RATES.len()).copied().unwrap_or(1);
                Ok(Operation::Rate(RateOperation::State(RateStatement {
                    base,
                    quote: self.quote(base, into)?,
                    day: self.day(days),
                    rate: Micro(match self.step.fault {
                        Fault::Amount(more) => right + more,
                        Fault::AmountIs(rate) => rate,
                        _ => right,
                    }),
                    source,
                    document: Hash::plain(b"rates of a day"),
                })))
            }
            RateStep::Convert {
                number,
                into,
                units,
                stated_by,
                days,
            } => {
                let to = self.quote(base, into)?;
                let terms = (base, to, self.day(days));
                self.convert(pair, (number, units), stated_by, terms)
            }
        }
    }

    fn convert(
        &self,
        pair: usize,
        (number, units): (u8, i64),
        stated_by: usize,
        (from, to, day): (Currency, Currency, UtcDay),
    ) -> Result<Operation, Missing> {
        let (debtor, creditor) = self.parties(pair)?;
        let (debtor_place, creditor_place) = self.cast.pairs.get(pair).copied().unwrap_or_default();
        let coin = rating::coin(&from.to_string());
        let free = self.model.convertible((debtor, creditor), from) / coin;
        let wanted = match self.step.fault {
            Fault::ToCap(more) => free + i128::from(more),
            _ if units < 0 => free * i128::from(-units) / 1_000,
            _ => i128::from(units),
        };
        let amount = wanted * coin;
        let amount = match self.step.fault {
            Fault::Amount(more) => amount + i128::from(more),
            Fault::AmountIs(amount) => i128::from(amount),
            _ => amount,
        };
        let stated_by = self.cast.member(stated_by)?;
        let known = self.model.rates.stated.get(&(stated_by, from, to, day));
        let rate = known.map_or(1, |s| s.rate.0);
        let conversion = Conversion {
            id: Hash::plain(&[number]),
            debtor,
            creditor,
            from,
            to,
            amount: Micro(i64::try_from(amount).unwrap_or(i64::MAX)),
            stated_by,
            day,
            rate: Micro(match self.step.fault {
                Fault::Total(more) => rate + more,
                Fault::Unsound(1) => 0,
                _ => rate,
            }),
        };
        let body = conversion.to_bytes();
        // A wrong inner signature is the debtor's; the creditor's is made by the right key.
        let (debtor_key, debtor_signer) = self.inner(debtor_place);
        let generation = self.keys.get(creditor_place).copied().unwrap_or(0);
        let creditor_key = self.cast.key(creditor_place, generation);
        let signed = SignedConversion {
            conversion,
            debtor_key: debtor_key.public(),
            debtor_signature: debtor_signer.sign(CONVERSION_DOMAIN, &body),
            creditor_key: creditor_key.public(),
            creditor_signature: creditor_key.sign(CONVERSION_DOMAIN, &body),
        };
        Ok(Operation::Rate(RateOperation::Convert(Box::new(signed))))
    }
}
