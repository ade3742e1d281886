//! Unit prices after load and corridor, and the amounts of lines.

use crate::error::RateError;
use fairway_model::money::divide;
use fairway_model::tariff::Dimension;
use fairway_model::{Adjustments, Energy, Micro, MoneyError, PriceLine, Rounding};

/// All of an amount, in basis points.
pub(crate) const WHOLE_BPS: u32 = 10_000;
/// Milliseconds in an hour, the unit of time prices.
const MS_PER_HOUR: u64 = 3_600_000;

/// Refuses adjustments that contradict themselves.
pub(crate) fn check_adjustments(adjustments: &Adjustments) -> Result<(), RateError> {
    if adjustments.discount_bps > WHOLE_BPS {
        return Err(RateError::Adjustments(
            "discount is over 10000 basis points",
        ));
    }
    if adjustments.corridor.floor.0 < 0 {
        return Err(RateError::Adjustments(
            "corridor's floor is negative; 0 or more is right",
        ));
    }
    if adjustments.corridor.floor > adjustments.corridor.cap {
        return Err(RateError::Adjustments("corridor's floor is above its cap"));
    }
    Ok(())
}

/// The base rule's energy price per kWh: the list price after load, before the corridor. A product out of range is above every cap.
pub(crate) fn loaded(list: Micro, adjustments: &Adjustments) -> Micro {
    if adjustments.load_bps == WHOLE_BPS {
        return list;
    }
    list.scale(
        i64::from(adjustments.load_bps),
        i64::from(WHOLE_BPS),
        Rounding::HalfUp,
    )
    .unwrap_or(Micro(i64::MAX))
}

/// An energy price per kWh after load and corridor, and whether the corridor moved it. A price of zero stays zero: what the
/// tariff gives for free, neither load nor floor makes dear.
pub(crate) fn energy_price(list: Micro, adjustments: &Adjustments) -> (Micro, bool) {
    if list == Micro::ZERO {
        return (list, false);
    }
    inside(loaded(list, adjustments), adjustments)
}

/// A price held inside the corridor, and whether that moved it.
pub(crate) fn inside(price: Micro, adjustments: &Adjustments) -> (Micro, bool) {
    let corridor = &adjustments.corridor;
    let held = price.max(corridor.floor).min(corridor.cap);
    (held, held != price)
}

/// Fills in unit price and amount of a line; `custom` is a custom rule's price for its energy, not yet clamped.
pub(crate) fn price(
    line: &mut PriceLine,
    adjustments: &Adjustments,
    custom: Option<Micro>,
) -> Result<(), RateError> {
    let per = match line.dimension {
        Dimension::Energy => {
            (line.unit_price, line.clamped) = custom.map_or_else(
                || energy_price(line.list_price, adjustments),
                |price| inside(price, adjustments),
            );
            Energy::PER_KWH
        }
        Dimension::Time | Dimension::ParkingTime => MS_PER_HOUR,
        Dimension::Flat => 1,
    };
    line.amount = amount(line.billed, line.unit_price, per)?;
    Ok(())
}

/// `quantity * price / per`, half-up to a micro-unit.
fn amount(quantity: u64, price: Micro, per: u64) -> Result<Micro, MoneyError> {
    const OVERFLOW: MoneyError = MoneyError::Overflow("line amount");
    // Prices are not negative (`check_tariff`), so that half-up is adding a half; most products fit into 64 bits.
    let small = u64::try_from(price.0)
        .ok()
        .and_then(|p| p.checked_mul(quantity))
        .and_then(|p| p.checked_add(per >> 1));
    if let Some(micros) = small.and_then(|n| n.checked_div(per)) {
        return i64::try_from(micros).map(Micro).map_err(|_| OVERFLOW);
    }
    let product = i128::from(quantity)
        .checked_mul(i128::from(price.0))
        .ok_or(OVERFLOW)?;
    i64::try_from(divide(product, i128::from(per), Rounding::HalfUp)?)
        .map(Micro)
        .map_err(|_| OVERFLOW)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_model::Corridor;

    #[test]
    fn amounts_round_half_up() {
        for (quantity, price, per, want) in [
            (1_500_000, 333_333, 1_000_000, 500_000),
            (1, 500_000, 1_000_000, 1),
            (1, 499_999, 1_000_000, 0),
            (7, 3, 1, 21),
        ] {
            assert_eq!(amount(quantity, Micro(price), per), Ok(Micro(want)));
        }
        assert_eq!(
            amount(u64::MAX, Micro(1_000_000), Energy::PER_KWH),
            Err(MoneyError::Overflow("line amount"))
        );
        assert_eq!(
            amount(u64::MAX / 4, Micro(2_000_000), Energy::PER_KWH),
            Ok(Micro((i64::MAX / 2) * 2))
        );
    }

    #[test]
    fn corridor_moves_only_prices_that_are_not_zero() {
        let corridor = Corridor {
            floor: Micro(200_000),
            cap: Micro(600_000),
        };
        let at = |load_bps| Adjustments {
            load_bps,
            corridor,
            ..Adjustments::NEUTRAL
        };
        assert_eq!(
            energy_price(Micro(400_000), &at(10_000)),
            (Micro(400_000), false)
        );
        assert_eq!(
            energy_price(Micro(400_000), &at(12_500)),
            (Micro(500_000), false)
        );
        assert_eq!(
            energy_price(Micro(400_000), &at(20_000)),
            (Micro(600_000), true)
        );
        assert_eq!(energy_price(Micro(400_000), &at(0)), (Micro(200_000), true));
        assert_eq!(
            energy_price(Micro(i64::MAX), &at(u32::MAX)),
            (Micro(600_000), true)
        );
        assert_eq!(energy_price(Micro(0), &at(20_000)), (Micro(0), false));
    }
}
