//! Whether a tariff is inside its bounds and free of contradictions.

use crate::error::TariffError;
use fairway_model::tariff::{Dimension, MAX_COMPONENTS, MAX_ELEMENTS, PriceLimit, SalesTax};
use fairway_model::{Micro, Ppm, PriceComponent, Restrictions, Tariff, TariffElement};

/// The most characters of a tariff id (OCPI `CiString(36)`).
const MAX_ID: usize = 36;
/// The most sales taxes of one tariff.
pub const MAX_SALES_TAXES: usize = 8;
/// The most characters of a sales tax's name.
const MAX_TAX_NAME: usize = 64;
/// The highest unit price and price limit: a million of the major unit.
const MAX_PRICE: Micro = Micro(1_000_000_000_000);
/// The largest energy step: 1 MWh in Wh.
const MAX_ENERGY_STEP: u32 = 1_000_000;
/// The largest time step: a week in seconds.
const MAX_TIME_STEP: u32 = 604_800;
/// Minutes in a day.
const MINUTES_PER_DAY: u16 = 1_440;
/// All days of the week.
const ALL_DAYS: u8 = 0x7f;

/// Checks bounds and contradictions of a tariff; [`crate::CompiledTariff::compile`] does so by itself.
///
/// # Errors
/// The first problem found, naming element and component.
pub fn check_tariff(t: &Tariff) -> Result<(), TariffError> {
    let id = t.id.chars().count();
    if id == 0 || id > MAX_ID {
        return Err(TariffError::Id(id));
    }
    if t.elements.is_empty() || t.elements.len() > MAX_ELEMENTS {
        return Err(TariffError::Elements(t.elements.len()));
    }
    for (index, element) in t.elements.iter().enumerate() {
        check_element(index, element)?;
    }
    check_limits(t.min_price.as_ref(), t.max_price.as_ref()).map_err(TariffError::Limits)?;
    if t.valid_from
        .zip(t.valid_until)
        .is_some_and(|(from, until)| from >= until)
    {
        return Err(TariffError::Validity);
    }
    if t.sales_taxes.len() > MAX_SALES_TAXES {
        return Err(TariffError::SalesTaxes(t.sales_taxes.len()));
    }
    for (index, tax) in t.sales_taxes.iter().enumerate() {
        check_sales_tax(tax).map_err(|what| TariffError::SalesTax(index, what))?;
    }
    Ok(())
}

fn check_element(index: usize, element: &TariffElement) -> Result<(), TariffError> {
    let count = element.components.len();
    if count == 0 || count > MAX_COMPONENTS {
        return Err(TariffError::Components {
            element: index,
            count,
        });
    }
    for (i, component) in element.components.iter().enumerate() {
        let earlier = element.components.iter().take(i);
        if earlier
            .into_iter()
            .any(|c| c.dimension == component.dimension)
        {
            return Err(TariffError::DuplicateDimension {
                element: index,
                component: i,
                dimension: component.dimension,
            });
        }
        check_component(component).map_err(|what| TariffError::Component {
            element: index,
            component: i,
            what,
        })?;
    }
    match &element.restrictions {
        Some(r) => check_restrictions(r).map_err(|(field, what)| TariffError::Restriction {
            element: index,
            field,
            what,
        }),
        None => Ok(()),
    }
}

fn check_component(c: &PriceComponent) -> Result<(), &'static str> {
    if c.price < Micro::ZERO {
        return Err("price is negative; 0 or more is right");
    }
    if c.price > MAX_PRICE {
        return Err("price is over a million; less is right");
    }
    if c.vat.is_some_and(|vat| vat > Ppm::ONE) {
        return Err("vat is over 100 %; 0 to 100 % is right");
    }
    match c.dimension {
        Dimension::Energy if c.step_size > MAX_ENERGY_STEP => {
            Err("step_size is over 1000000 Wh; less is right")
        }
        Dimension::Time | Dimension::ParkingTime if c.step_size > MAX_TIME_STEP => {
            Err("step_size is over 604800 s; less is right")
        }
        _ => Ok(()),
    }
}

/// The field and what is wrong with it.
type Problem = (&'static str, &'static str);

fn check_restrictions(r: &Restrictions) -> Result<(), Problem> {
    for (field, minute) in [("start_time", r.start_minute), ("end_time", r.end_minute)] {
        if minute.is_some_and(|m| m >= MINUTES_PER_DAY) {
            return Err((field, "is after 23:59; 00:00 to 23:59 is right"));
        }
    }
    // 00:00 to 00:00 is the whole day, as 00:00 stops at the end of the day.
    if r.start_minute
        .zip(r.end_minute)
        .is_some_and(|(start, end)| start == end && start != 0)
    {
        return Err((
            "end_time",
            "equals start_time, so that no time fits; leave both out for the whole day",
        ));
    }
    if r.days > ALL_DAYS {
        return Err((
            "day_of_week",
            "has a bit that is no day; Monday = 1 to Sunday = 64 are right",
        ));
    }
    below(r.start_day, r.end_day, "end_date")?;
    below(r.min_energy, r.max_energy, "max_kwh")?;
    below(r.min_current_ma, r.max_current_ma, "max_current")?;
    below(r.min_power_w, r.max_power_w, "max_power")?;
    below(r.min_duration_s, r.max_duration_s, "max_duration")?;
    let zero = r.max_energy.is_some_and(|e| e.0 == 0)
        || [r.max_current_ma, r.max_power_w, r.max_duration_s].contains(&Some(0));
    if zero {
        Err((
            "max_*",
            "is 0, which no charge is below; more is right, or no limit",
        ))
    } else {
        Ok(())
    }
}

fn below<T: PartialOrd>(
    min: Option<T>,
    max: Option<T>,
    field: &'static str,
) -> Result<(), Problem> {
    if min.zip(max).is_some_and(|(min, max)| min >= max) {
        return Err((
            field,
            "is not above its counterpart, so that no charge fits",
        ));
    }
    Ok(())
}

fn check_limits(min: Option<&PriceLimit>, max: Option<&PriceLimit>) -> Result<(), &'static str> {
    for limit in [min, max].into_iter().flatten() {
        if limit.before_taxes < Micro::ZERO
            || limit.before_taxes > MAX_PRICE
            || limit.after_taxes.is_some_and(|a| a > MAX_PRICE)
        {
            return Err(
                "min_price or max_price is negative or over a million; 0 to a million is right",
            );
        }
        if limit
            .after_taxes
            .is_some_and(|after| after < limit.before_taxes)
        {
            return Err("min_price or max_price is lower after taxes than before; it cannot be");
        }
    }
    let Some((min, max)) = min.zip(max) else {
        return Ok(());
    };
    let after = min
        .after_taxes
        .zip(max.after_taxes)
        .is_some_and(|(low, high)| low > high);
    if min.before_taxes > max.before_taxes || after {
        return Err("min_price is above max_price");
    }
    Ok(())
}

fn check_sales_tax(tax: &SalesTax) -> Result<(), &'static str> {
    let name = tax.name.chars().count();
    if name == 0 || name > MAX_TAX_NAME {
        return Err("name is empty or longer than 64 characters");
    }
    if tax.rate == Ppm(0) || tax.rate > Ppm::ONE {
        return Err("rate is 0 or over 100 %; more than 0 to 100 % is right");
    }
    let mut seen = tax.on.clone();
    seen.sort_unstable();
    seen.dedup();
    if seen.len() == tax.on.len() {
        Ok(())
    } else {
        Err("a dimension is named twice")
    }
}
