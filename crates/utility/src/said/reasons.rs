//! Why the price of an offer is what it is.

use super::{Share, Table, Word};
use crate::sentences;
use fairway_model::{MemberId, Tier};

sentences! {
    /// A reason in an offer; both utilities sign its English text with it.
    pub(crate) enum Reason {
        Tariff { tariff: String, home: MemberId, visited: MemberId } = "tariff", "Tariff {tariff} of the agreement between {home} and {visited}.";
        Partner { home: MemberId } = "partner", "Rules for drivers of {home} apply.";
        Forecast { visited: MemberId, load: Share } = "forecast", "The forecast load of {visited} sets energy prices of this hour to {load} of the tariff.";
        AgreedTable { load: Share, why: Table } = "table", "By the agreed table {load} of the tariff's energy prices: {why}.";
        Load { area: String, load: Share } = "load", "Present load in {area} sets energy prices to {load} of the tariff.";
        Countered = "countered", "The home utility asked for a lower load price.";
        Discount { tier: Word<Tier>, discount: Share, bears: Share } = "discount", "{tier} discount of {discount}; the home utility bears {bears} of it.";
    }
}
