//! From priced lines to the total: limits, discount, taxes, rounding.

use crate::apportion::apportion;
use crate::error::RateError;
use crate::unit::WHOLE_BPS;
use fairway_model::tariff::SalesTax;
use fairway_model::{
    Adjustments, Energy, Micro, MoneyError, PriceBreakdown, PriceLine, Rounding, Tariff, TaxLine,
};

/// Name of a component's own tax on the bill.
const VAT: &str = "VAT";

/// Closes a breakdown over its lines.
pub(crate) fn close(
    tariff: &Tariff,
    adjustments: &Adjustments,
    lines: Vec<PriceLine>,
    energy: Energy,
) -> Result<PriceBreakdown, RateError> {
    let sum = Micro::sum(lines.iter().map(|line| line.amount))?;
    let net = limited(tariff, &lines, sum)?;
    let discount = match adjustments.discount_bps {
        0 => Micro::ZERO,
        bps => net.scale(i64::from(bps), i64::from(WHOLE_BPS), Rounding::HalfUp)?,
    };
    let taxable = net.minus(discount)?;
    let taxes = levy(tariff, &lines, sum, taxable)?;
    let exact = taxable.plus(sum_of(&taxes)?)?;
    let total = exact.round_to_minor(tariff.currency, Rounding::HalfUp)?;
    Ok(PriceBreakdown {
        currency: tariff.currency,
        lines,
        net,
        limit_change: net.minus(sum)?,
        discount,
        taxes,
        total,
        rounding: total.minus(exact)?,
        energy,
        rule: None,
    })
}

fn sum_of(taxes: &[TaxLine]) -> Result<Micro, MoneyError> {
    Micro::sum(taxes.iter().map(|tax| tax.amount))
}

/// The net price inside the tariff's minimum and maximum (OCPI 2.2.1, `Tariff.min_price`, `max_price`): first the limits before
/// taxes; then, where the price with taxes is still outside a limit after taxes, the net price is scaled by what is missing or
/// too much. A price of nothing is raised to a minimum after taxes without tax.
fn limited(tariff: &Tariff, lines: &[PriceLine], sum: Micro) -> Result<Micro, MoneyError> {
    let (min, max) = (tariff.min_price.as_ref(), tariff.max_price.as_ref());
    let mut net = sum;
    if let Some(min) = min {
        net = net.max(min.before_taxes);
    }
    if let Some(max) = max {
        net = net.min(max.before_taxes);
    }
    let limits = [
        (min.and_then(|l| l.after_taxes), true),
        (max.and_then(|l| l.after_taxes), false),
    ];
    for (limit, lower) in limits {
        let Some(limit) = limit else { continue };
        let gross = net.plus(sum_of(&levy(tariff, lines, sum, net)?)?)?;
        if (lower && gross < limit) || (!lower && gross > limit) {
            net = if gross == Micro::ZERO {
                limit
            } else {
                net.scale(limit.0, gross.0, Rounding::HalfUp)?
            };
        }
    }
    Ok(net)
}

/// All taxes on `taxable`, which the lines share in proportion to their amounts (`sum` in all).
fn levy(
    tariff: &Tariff,
    lines: &[PriceLine],
    sum: Micro,
    taxable: Micro,
) -> Result<Vec<TaxLine>, MoneyError> {
    let has_vat = lines.iter().any(|line| line.vat.is_some());
    if !has_vat && tariff.sales_taxes.is_empty() {
        return Ok(Vec::new());
    }
    let amounts = || lines.iter().map(|line| line.amount);
    if sum == taxable {
        return levy_on(tariff, lines, &amounts(), taxable);
    }
    let shares = apportion(taxable, &amounts().collect::<Vec<_>>())?;
    levy_on(tariff, lines, &shares.into_iter(), taxable)
}

fn levy_on(
    tariff: &Tariff,
    lines: &[PriceLine],
    shares: &(impl Iterator<Item = Micro> + Clone),
    taxable: Micro,
) -> Result<Vec<TaxLine>, MoneyError> {
    let mut taxes: Vec<TaxLine> = Vec::new();
    for (line, share) in lines.iter().zip(shares.clone()) {
        let Some(rate) = line.vat else { continue };
        match taxes.iter_mut().find(|tax| tax.rate == rate) {
            Some(tax) => tax.base = tax.base.plus(share)?,
            None => taxes.push(TaxLine {
                name: VAT.to_owned(),
                rate,
                base: share,
                amount: Micro::ZERO,
            }),
        }
    }
    taxes.sort_unstable_by_key(|tax| tax.rate);
    for tax in &tariff.sales_taxes {
        let base = base_of(tax, lines, shares.clone(), taxable)?;
        taxes.push(TaxLine {
            name: tax.name.clone(),
            rate: tax.rate,
            base,
            amount: Micro::ZERO,
        });
    }
    taxes.retain(|tax| tax.base != Micro::ZERO);
    for tax in &mut taxes {
        tax.amount = tax.rate.of(tax.base)?;
    }
    Ok(taxes)
}

/// What a sales tax is levied on.
fn base_of(
    tax: &SalesTax,
    lines: &[PriceLine],
    shares: impl Iterator<Item = Micro>,
    taxable: Micro,
) -> Result<Micro, MoneyError> {
    if tax.on.is_empty() {
        return Ok(taxable);
    }
    Micro::sum(
        lines
            .iter()
            .zip(shares)
            .filter(|(line, _)| tax.on.contains(&line.dimension))
            .map(|(_, share)| share),
    )
}
