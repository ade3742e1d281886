//! A custom rule at work on one charge: its questions, and what its answers make of the price. All or nothing: one bad answer, and
//! the base rule prices the whole charge.

use crate::bill;
use crate::compile::{CompiledTariff, Custom};
use crate::rule::{Answer, Ask, BoundRule, Question};
use crate::unit::{self, inside, loaded};
use fairway_model::tariff::Dimension;
use fairway_model::{
    Adjustments, Energy, Micro, PriceBreakdown, PriceLine, RuleFault, RuleNote, RuleVerdict, Time,
    Usage,
};

/// One charge and the rule that prices it.
pub(crate) struct Run<'a> {
    pub(crate) tariff: &'a CompiledTariff,
    pub(crate) rule: &'a Custom,
    pub(crate) adjustments: &'a Adjustments,
    pub(crate) usage: &'a Usage,
    pub(crate) energy: Energy,
}

impl Run<'_> {
    /// The price by the rule, or `None` and the reason why not.
    pub(crate) fn price(&self, lines: &[PriceLine]) -> (Option<PriceBreakdown>, RuleNote) {
        let bound = &self.rule.bound;
        let mut fuel = bound.fuel;
        let result = self.try_price(lines, &mut fuel);
        let mut note = RuleNote {
            rule: bound.module.id(),
            verdict: RuleVerdict::Used,
            fuel: bound.fuel.saturating_sub(fuel),
            home_bps: None,
        };
        match result {
            Ok((mut breakdown, used, home_bps)) => {
                if !used {
                    note.verdict = RuleVerdict::Declined;
                }
                note.home_bps = home_bps;
                breakdown.rule = Some(note);
                (Some(breakdown), note)
            }
            Err(fault) => {
                note.verdict = RuleVerdict::FellBack(fault);
                (None, note)
            }
        }
    }

    fn try_price(
        &self,
        lines: &[PriceLine],
        fuel: &mut u64,
    ) -> Result<(PriceBreakdown, bool, Option<u32>), RuleFault> {
        let module = &self.rule.bound.module;
        let mut lines = lines.to_vec();
        let mut used = false;
        for line in &mut lines {
            let mut custom = None;
            // What the tariff gives for free stays free, whatever a rule says.
            if line.dimension == Dimension::Energy && line.list_price != Micro::ZERO {
                let ask = Ask::EnergyPrice {
                    list: line.list_price,
                    base: loaded(line.list_price, self.adjustments),
                    energy: line.billed,
                };
                if let Answer::Price(price) = module.ask(&self.question(ask), fuel)? {
                    (custom, used) = (Some(price), true);
                }
            }
            unit::price(line, self.adjustments, custom).map_err(|_| RuleFault::OverCap)?;
        }
        let breakdown = bill::close(self.tariff.tariff(), self.adjustments, lines, self.energy)
            .map_err(|_| RuleFault::OverCap)?;
        // Only a price that the rule made can be the rule's fault.
        if used && breakdown.total > self.rule.bound.cap {
            return Err(RuleFault::OverCap);
        }
        let ask = Ask::HomeShare { net: breakdown.net };
        let home_bps = match module.ask(&self.question(ask), fuel)? {
            Answer::HomeShare(bps) => Some(bps),
            Answer::Declined | Answer::Price(_) => None,
        };
        Ok((breakdown, used || home_bps.is_some(), home_bps))
    }

    fn question(&self, ask: Ask) -> Question<'_> {
        let begin = self.usage.start().unwrap_or(self.usage.end);
        Question {
            ask,
            adjustments: self.adjustments,
            split: self.rule.bound.split,
            begin,
            end: self.usage.end,
            utc_offset: self.rule.zone.span(begin.0).offset,
            energy: self.energy.0,
            periods: &self.usage.periods,
        }
    }
}

/// The rule's energy price per kWh for a charge that begins at `now` and has used nothing; `None` where the base rule decides.
pub(crate) fn price_now(
    tariff: &CompiledTariff,
    adjustments: &Adjustments,
    list: Micro,
    now: Time,
) -> Option<Micro> {
    let custom = tariff.custom().filter(|_| list != Micro::ZERO)?;
    let BoundRule {
        module,
        fuel,
        split,
        ..
    } = &custom.bound;
    let question = Question {
        ask: Ask::EnergyPrice {
            list,
            base: loaded(list, adjustments),
            energy: 0,
        },
        adjustments,
        split: *split,
        begin: now,
        end: now,
        utc_offset: custom.zone.span(now.0).offset,
        energy: 0,
        periods: &[],
    };
    match module.ask(&question, &mut fuel.clone()).ok()? {
        Answer::Price(price) => Some(inside(price, adjustments).0),
        Answer::Declined | Answer::HomeShare(_) => None,
    }
}
