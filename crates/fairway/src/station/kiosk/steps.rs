//! Which of an offer's energy prices applies at a minute of the local day, and which one follows: the prices are agreed with their hours.
//!
//! The station knows the offer's prices and hours but not the tariff behind it. A price that depends on more than the time of day is taken
//! only where the offer says that it applies at the begin.

use fairway_model::Micro;
use fairway_model::station::PricePart;
use fairway_model::tariff::Dimension;

/// Whether the hours of a price hold this minute; a price that ends before it begins runs over midnight.
fn holds(part: &PricePart, minute: u16) -> bool {
    let begun = part.from_minute.is_none_or(|from| minute >= from);
    let going = part.until_minute.is_none_or(|until| minute < until);
    match (part.from_minute, part.until_minute) {
        (Some(from), Some(until)) if until <= from => begun || going,
        _ => begun && going,
    }
}

/// The place of the energy price that applies at `minute`, where one does: a price with hours goes before one without.
pub(super) fn present(parts: &[PricePart], minute: u16) -> Option<usize> {
    let fits = |(_, part): &(usize, &PricePart)| {
        part.dimension == Dimension::Energy
            && holds(part, minute)
            && (part.now || !part.conditional)
    };
    let all = || parts.iter().enumerate().filter(fits);
    let narrow = |part: &PricePart| {
        part.conditional || part.from_minute.is_some() || part.until_minute.is_some()
    };
    all()
        .find(|(_, part)| narrow(part))
        .or_else(|| all().next())
        .map(|(at, _)| at)
}

/// The minute of the local day at which another energy price begins, and that price, where one does within a day.
pub(super) fn next(parts: &[PricePart], minute: u16) -> Option<(u16, Micro)> {
    const DAY: u16 = 24 * 60;
    let now = parts.get(present(parts, minute)?)?.price;
    let away = |at: u16| {
        at.saturating_add(DAY)
            .saturating_sub(minute)
            .rem_euclid(DAY)
    };
    let mut edges: Vec<u16> = parts
        .iter()
        .filter(|part| part.dimension == Dimension::Energy)
        .flat_map(|part| [part.from_minute, part.until_minute])
        .flatten()
        .map(|edge| edge.rem_euclid(DAY))
        .filter(|edge| *edge != minute)
        .collect();
    edges.sort_by_key(|edge| away(*edge));
    edges.into_iter().find_map(|edge| {
        let price = parts.get(present(parts, edge)?)?.price;
        (price != now).then_some((edge, price))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn energy(price: i64, from: Option<u16>, until: Option<u16>, now: bool) -> PricePart {
        PricePart {
            dimension: Dimension::Energy,
            price: Micro(price),
            now,
            from_minute: from,
            until_minute: until,
            conditional: false,
            vat: None,
        }
    }

    #[test]
    fn an_agreed_price_changes_at_its_hour_and_back() {
        let parts = [
            energy(340_000, None, None, true),
            energy(408_000, Some(960), Some(1_200), false),
        ];
        assert_eq!(present(&parts, 921), Some(0));
        assert_eq!(next(&parts, 921), Some((960, Micro(408_000))));
        assert_eq!(present(&parts, 960), Some(1));
        assert_eq!(next(&parts, 960), Some((1_200, Micro(340_000))));
        assert_eq!(present(&parts, 1_200), Some(0));
        assert_eq!(next(&parts, 1_200), Some((960, Micro(408_000))));
        assert_eq!(next(&parts[..1], 921), None);
    }

    #[test]
    fn hours_run_over_midnight_and_conditions_of_another_kind_are_left_out() {
        let night = energy(200_000, Some(1_320), Some(360), false);
        let weekend = PricePart {
            conditional: true,
            ..energy(100_000, None, None, false)
        };
        let parts = [energy(340_000, None, None, true), night, weekend];
        assert_eq!(present(&parts, 1_400), Some(1));
        assert_eq!(present(&parts, 10), Some(1));
        assert_eq!(present(&parts, 360), Some(0));
        assert_eq!(next(&parts, 10), Some((360, Micro(340_000))));
    }
}
