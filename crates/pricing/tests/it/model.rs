//! Short ways to write tariffs, usages and adjustments.

use fairway_model::{
    Adjustments, Currency, Dimension, Energy, Micro, Period, PeriodKind, Ppm, PriceComponent,
    Restrictions, Tariff, TariffElement, Time, Usage,
};
use fairway_pricing::CompiledTariff;

/// A component without tax and step.
pub(crate) fn component(dimension: Dimension, price: i64) -> PriceComponent {
    PriceComponent {
        dimension,
        price: Micro(price),
        vat: None,
        step_size: 1,
    }
}

pub(crate) fn with_vat(mut c: PriceComponent, ppm: u32) -> PriceComponent {
    c.vat = Some(Ppm(ppm));
    c
}

pub(crate) fn with_step(mut c: PriceComponent, step_size: u32) -> PriceComponent {
    c.step_size = step_size;
    c
}

pub(crate) fn always(components: Vec<PriceComponent>) -> TariffElement {
    TariffElement {
        components,
        restrictions: None,
    }
}

pub(crate) fn when(restrictions: Restrictions, components: Vec<PriceComponent>) -> TariffElement {
    TariffElement {
        components,
        restrictions: Some(restrictions),
    }
}

pub(crate) fn tariff(elements: Vec<TariffElement>) -> Tariff {
    Tariff {
        id: "T".into(),
        currency: Currency::USD,
        elements,
        min_price: None,
        max_price: None,
        valid_from: None,
        valid_until: None,
        sales_taxes: Vec::new(),
    }
}

pub(crate) fn compiled(tariff: &Tariff, zone: &str) -> CompiledTariff {
    CompiledTariff::compile(tariff, zone).expect("a tariff without contradiction")
}

/// An instant from RFC 3339.
pub(crate) fn at(text: &str) -> Time {
    Time(
        text.parse::<jiff::Timestamp>()
            .expect("an RFC 3339 instant")
            .as_millisecond(),
    )
}

pub(crate) fn charging(start: Time, mwh: u64) -> Period {
    Period {
        start,
        kind: PeriodKind::Charging,
        energy: Energy(mwh),
        power_w: None,
        current_ma: None,
    }
}

pub(crate) fn parking(start: Time) -> Period {
    Period {
        start,
        kind: PeriodKind::Parking,
        energy: Energy::ZERO,
        power_w: None,
        current_ma: None,
    }
}

pub(crate) fn usage(periods: Vec<Period>, end: Time) -> Usage {
    Usage { end, periods }
}

/// Adjustments with a discount.
pub(crate) fn discount(bps: u32) -> Adjustments {
    Adjustments {
        discount_bps: bps,
        ..Adjustments::NEUTRAL
    }
}
