//! The part of an agreement's file that says who gets what.

use super::amount;
use fairway_model::{AdHoc, Alone, Costs, Split, SplitRule};
use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RuleName {
    #[default]
    Fixed,
    Shapley,
    Nash,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SplitFile {
    #[serde(default)]
    rule: RuleName,
    #[serde(rename = "home_bps")]
    home: u32,
    #[serde(rename = "visited_bps")]
    visited: u32,
    #[serde(rename = "owner_bps")]
    owner: u32,
    costs: Option<CostsFile>,
    ad_hoc: Option<AdHocFile>,
    alone: Option<AloneFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CostsFile {
    energy_per_kwh: String,
    network_per_kwh: String,
    per_charge: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdHocFile {
    price_per_kwh: String,
    chance_bps: u32,
}

#[expect(
    clippy::struct_field_names,
    reason = "names of the file, each with its unit"
)]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AloneFile {
    home_per_kwh: String,
    visited_per_kwh: String,
    owner_per_kwh: String,
}

impl SplitFile {
    /// The fixed parts, or powers.
    pub(super) fn parts(&self) -> Split {
        Split {
            home_bps: self.home,
            visited_bps: self.visited,
            owner_bps: self.owner,
        }
    }

    /// The rule, with exactly the tables that it needs.
    pub(super) fn rule(&self) -> Result<Option<SplitRule>, String> {
        let given = [
            ("costs", self.costs.is_some(), self.rule != RuleName::Fixed),
            (
                "ad_hoc",
                self.ad_hoc.is_some(),
                self.rule == RuleName::Shapley,
            ),
            ("alone", self.alone.is_some(), self.rule == RuleName::Nash),
        ];
        let rule = format!("{:?}", self.rule).to_lowercase();
        for (name, is_given, is_needed) in given {
            if is_given && !is_needed {
                return Err(format!(
                    "split.{name}: the rule {rule:?} does not use it; leave the table out, or name another rule"
                ));
            }
            if is_needed && !is_given {
                return Err(format!("split.{name}: the rule {rule:?} needs this table"));
            }
        }
        let Some(costs) = &self.costs else {
            return Ok(None);
        };
        let costs = Costs {
            energy_per_kwh: amount("split.costs.energy_per_kwh", &costs.energy_per_kwh)?,
            network_per_kwh: amount("split.costs.network_per_kwh", &costs.network_per_kwh)?,
            per_charge: amount("split.costs.per_charge", &costs.per_charge)?,
        };
        if let Some(ad_hoc) = &self.ad_hoc {
            let ad_hoc = AdHoc {
                price_per_kwh: amount("split.ad_hoc.price_per_kwh", &ad_hoc.price_per_kwh)?,
                chance_bps: ad_hoc.chance_bps,
            };
            return Ok(Some(SplitRule::Shapley { costs, ad_hoc }));
        }
        let Some(alone) = &self.alone else {
            return Ok(None);
        };
        let alone = Alone {
            home_per_kwh: amount("split.alone.home_per_kwh", &alone.home_per_kwh)?,
            visited_per_kwh: amount("split.alone.visited_per_kwh", &alone.visited_per_kwh)?,
            owner_per_kwh: amount("split.alone.owner_per_kwh", &alone.owner_per_kwh)?,
        };
        Ok(Some(SplitRule::Nash { costs, alone }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_model::Micro;

    const PARTS: &str = "home_bps = 1\nvisited_bps = 2\nowner_bps = 3\n";
    const COSTS: &str =
        "[costs]\nenergy_per_kwh = \"0.1\"\nnetwork_per_kwh = \"0\"\nper_charge = \"0.5\"\n";
    const AD_HOC: &str = "[ad_hoc]\nprice_per_kwh = \"0.4\"\nchance_bps = 5000\n";
    const ALONE: &str =
        "[alone]\nhome_per_kwh = \"0\"\nvisited_per_kwh = \"0.08\"\nowner_per_kwh = \"0.03\"\n";

    fn rule(head: &str, tables: &[&str]) -> Result<Option<SplitRule>, String> {
        let text = format!("{head}\n{PARTS}{}", tables.concat());
        toml::from_str::<SplitFile>(&text).unwrap().rule()
    }

    #[test]
    fn each_rule_is_read_with_its_tables() {
        assert_eq!(rule("", &[]), Ok(None));
        assert_eq!(rule("rule = \"fixed\"", &[]), Ok(None));
        let costs = Costs {
            energy_per_kwh: Micro(100_000),
            network_per_kwh: Micro(0),
            per_charge: Micro(500_000),
        };
        let ad_hoc = AdHoc {
            price_per_kwh: Micro(400_000),
            chance_bps: 5_000,
        };
        assert_eq!(
            rule("rule = \"shapley\"", &[COSTS, AD_HOC]),
            Ok(Some(SplitRule::Shapley { costs, ad_hoc }))
        );
        let alone = Alone {
            home_per_kwh: Micro(0),
            visited_per_kwh: Micro(80_000),
            owner_per_kwh: Micro(30_000),
        };
        assert_eq!(
            rule("rule = \"nash\"", &[COSTS, ALONE]),
            Ok(Some(SplitRule::Nash { costs, alone }))
        );
    }

    #[test]
    fn missing_and_useless_tables_are_named() {
        for (head, tables, words) in [
            (
                "",
                vec![COSTS],
                "split.costs: the rule \"fixed\" does not use it",
            ),
            (
                "rule = \"shapley\"",
                vec![COSTS],
                "split.ad_hoc: the rule \"shapley\" needs this table",
            ),
            (
                "rule = \"shapley\"",
                vec![COSTS, AD_HOC, ALONE],
                "split.alone: the rule \"shapley\" does not use it",
            ),
            (
                "rule = \"nash\"",
                vec![ALONE],
                "split.costs: the rule \"nash\" needs this table",
            ),
        ] {
            let error = rule(head, &tables).unwrap_err();
            assert!(error.starts_with(words), "{error}");
        }
        let wrong = COSTS.replace("0.5", "half");
        let error = rule("rule = \"nash\"", &[&wrong, ALONE]).unwrap_err();
        assert!(error.starts_with("split.costs.per_charge: "), "{error}");
    }
}
