//! The readable contract, made from the executing terms. What the parties read and what the contracts execute have one source: the
//! terms name the SHA-256 of this text, and a proposal that names another hash is refused.
//!
//! Invariants: the text is a pure function of the terms (all but `text_hash` itself), ASCII, one sentence or condition per line;
//! terms that differ give texts that differ. Tested field by field here, and by its bytes in `fixtures/conformance`.

mod forecast;
mod split;

use fairway_model::agreement::{Agreement, ServiceLevel};
use fairway_model::hash::Hash;
use fairway_model::money::Micro;
use fairway_model::profile::Tier;
use fairway_model::time::{DAY, HOUR};
use fairway_pricing::wording;

/// The form of the text. Another form gets another number and is made beside this one, because old agreements keep their text.
pub const TEXT_FORM: u32 = 1;

/// The whole contract in plain English.
pub fn contract_text(agreement: &Agreement) -> String {
    let writer = Writer(agreement);
    let sections: [(&str, Vec<String>); 12] = [
        ("Parties and purpose", writer.parties()),
        ("Validity, changes and end", writer.validity()),
        ("Tariffs", writer.tariffs()),
        ("Limits of the price", writer.price_limits()),
        ("Ceilings", writer.ceilings()),
        ("Loyalty tiers", writer.tiers()),
        ("Who gets what", writer.split()),
        ("Holds, netting and payment", writer.payment()),
        ("Disputes", writer.disputes()),
        ("Duty to serve", writer.service()),
        ("Security, models and rules", writer.commitments()),
        ("Execution and signatures", writer.execution()),
    ];
    let mut text = vec![
        "ROAMING AGREEMENT".to_owned(),
        format!("Form of this text: {TEXT_FORM}"),
    ];
    for (number, (title, lines)) in (1u32..).zip(sections) {
        text.push(String::new());
        text.push(format!("{number}. {title}"));
        text.extend(lines.into_iter().map(|line| format!("   {line}")));
    }
    text.push(String::new());
    text.join("\n")
}

/// SHA-256 of [`contract_text`]: what `text_hash` must be.
pub fn text_hash(agreement: &Agreement) -> Hash {
    Hash::plain(contract_text(agreement).as_bytes())
}

/// The terms with the hash of their own text in them.
pub fn worded(mut agreement: Agreement) -> Agreement {
    agreement.text_hash = text_hash(&agreement);
    agreement
}

/// Basis points as a percentage with two digits after the point.
fn percent(bps: u32) -> String {
    let (whole, rest) = (bps.checked_div(100), bps.checked_rem(100));
    format!("{}.{:02} %", whole.unwrap_or(0), rest.unwrap_or(0))
}

/// A number with its unit, which gets an s unless it is one.
fn counted(number: i64, unit: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{s}")
}

fn duration(ms: i64) -> String {
    for (length, unit) in [(DAY, "day"), (HOUR, "hour")] {
        if ms.checked_rem(length) == Some(0) {
            return counted(ms.checked_div(length).unwrap_or(0), unit);
        }
    }
    counted(ms, "millisecond")
}

fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::Standard => "Standard",
        Tier::Gold => "Gold",
        Tier::Diamond => "Diamond",
        Tier::Platinum => "Platinum",
    }
}

struct Writer<'a>(&'a Agreement);

impl Writer<'_> {
    fn money(&self, amount: Micro) -> String {
        format!("{} {}", amount.text(self.0.currency), self.0.currency)
    }

    fn parties(&self) -> Vec<String> {
        let (home, visited) = (self.0.home, self.0.visited);
        let mut lines = vec![
            format!("Home utility: {home}. Visited utility: {visited}."),
            format!(
                "Drivers of {home} may charge their cars at public stations of {visited} and pay {home} on one bill."
            ),
            format!(
                "This is version {} of the terms in this direction. All amounts are in {}.",
                self.0.version, self.0.currency
            ),
            "Members are named by their ids on the ledger, which registers their names and keys."
                .to_owned(),
        ];
        if home == visited {
            lines.push(format!(
                "{home} agrees with itself: its own drivers at its own stations."
            ));
        }
        lines
    }

    fn validity(&self) -> Vec<String> {
        let a = self.0;
        let notice = match a.notice_days {
            None => "Either party may end the agreement at any time to come; no period of notice is agreed.".to_owned(),
            Some(days) => format!("Either party may end the agreement with {} of notice, at once only for breach, which the ledger records with its ground and the hash of its evidence.", counted(i64::from(days), "day")),
        };
        vec![
            format!("No charge begins before {} and none from {} on.", a.valid_from, a.valid_until),
            notice,
            "Either party may suspend the agreement, with a ground that the ledger records, and the same party resumes it. While it is suspended no new charge begins; charges that had their hold before are settled.".to_owned(),
            "A later version that both sign takes its place for new charges. A charge keeps the version under which its hold was placed.".to_owned(),
        ]
    }

    fn tariffs(&self) -> Vec<String> {
        let mut lines =
            vec!["A charge is priced by one of these tariffs, which its offer names.".to_owned()];
        lines.extend(self.0.tariffs.iter().flat_map(wording));
        lines
    }

    fn price_limits(&self) -> Vec<String> {
        let (corridor, band) = (self.0.corridor, self.0.load_band);
        let mut lines = vec![
            format!(
                "The energy price per kWh before taxes never leaves {} to {}, whatever the load.",
                self.money(corridor.floor),
                self.money(corridor.cap)
            ),
            format!(
                "Load may move the energy price from {} to {} of the tariff's.",
                percent(band.min_bps),
                percent(band.max_bps)
            ),
        ];
        if let Some(terms) = &self.0.forecast {
            lines.extend(forecast::lines(self.0, terms));
        }
        lines
    }

    fn ceilings(&self) -> Vec<String> {
        let (a, caps) = (self.0, self.0.caps);
        let mut lines = vec![
            format!(
                "One charge: at most {} kWh and {}, taxes included.",
                caps.energy_per_charge.kwh_text(),
                self.money(caps.amount_per_charge)
            ),
            format!(
                "{} owes {} at most {} at any time, holds and unpaid charges together.",
                a.home,
                a.visited,
                self.money(caps.exposure)
            ),
        ];
        let sessions = a.session_caps.unwrap_or_default();
        lines.push(sessions.concurrent.map_or_else(
            || "The number of charges at the same time is not limited.".to_owned(),
            |n| format!("At most {n} charges are open at the same time, counted by their holds."),
        ));
        lines.push(sessions.per_day.map_or_else(
            || "The number of charges per day is not limited.".to_owned(),
            |n| format!("At most {n} charges begin on one day (UTC), counted by the holds placed in its blocks."),
        ));
        lines
    }

    fn tiers(&self) -> Vec<String> {
        let (home, visited) = (self.0.home, self.0.visited);
        let mut lines = vec!["A tier that is not named here gets no discount.".to_owned()];
        lines.extend(self.0.tiers.iter().map(|t| {
            format!(
                "{}: {} off the net price, of which {home} bears {} and {visited} the rest.",
                tier_name(t.tier),
                percent(t.discount_bps),
                percent(t.home_bears_bps)
            )
        }));
        lines
    }

    fn split(&self) -> Vec<String> {
        let a = self.0;
        let mut lines = a.split_rule.as_ref().map_or_else(
            || {
                vec![format!(
                    "Of the net price before discount {}.",
                    split::parts(a)
                )]
            },
            |rule| split::rule(a, rule),
        );
        lines.push(format!(
            "Taxes go to {}, which remits them. Remainders are distributed so that the parts add up to the total exactly.",
            a.visited
        ));
        lines
    }

    fn payment(&self) -> Vec<String> {
        let a = self.0;
        vec![
            format!(
                "Before energy flows an amount is held against a guarantee of {}; a hold without its charge ends after {}.",
                a.home,
                duration(a.hold_ttl)
            ),
            format!(
                "Charges are netted every {} and paid within {} of the netting.",
                counted(i64::from(a.netting_days), "day"),
                counted(i64::from(a.due_days), "day")
            ),
            format!(
                "Late payment bears interest of {} a year.",
                percent(a.interest_bps)
            ),
        ]
    }

    fn disputes(&self) -> Vec<String> {
        vec![
            format!(
                "Either party may dispute a charge within {} of its settlement, with evidence.",
                counted(i64::from(self.0.dispute_days), "day")
            ),
            "A settled charge is never edited; what a dispute changes is posted beside it."
                .to_owned(),
        ]
    }

    fn service(&self) -> Vec<String> {
        let (home, visited) = (self.0.home, self.0.visited);
        let Some(ServiceLevel {
            least_served_bps,
            penalty,
            penalty_cap,
            answer_hours,
        }) = self.0.service
        else {
            return vec![format!(
                "No service level is agreed: {visited} is not bound to a measured part of the drivers of {home}."
            )];
        };
        vec![
            format!(
                "{visited} serves at least {} of the eligible drivers of {home} who ask at its stations, measured over each netting cycle that begins with this agreement's validity.",
                percent(least_served_bps)
            ),
            format!(
                "A driver counts as served when the charge is settled, and as refused when {home} claims it with the request that {visited} signed and {visited} does not, within {}, show the charge's hold or the release that {home} signed.",
                counted(i64::from(answer_hours), "hour")
            ),
            format!(
                "For each refused driver beyond the tolerated part {visited} pays {home} {}, at most {} for one cycle.",
                self.money(penalty),
                self.money(penalty_cap)
            ),
        ]
    }

    fn commitments(&self) -> Vec<String> {
        let a = self.0;
        let hash = |what: &str, hash: Option<Hash>| match hash {
            None => format!("{what}: none."),
            Some(hash) => format!("{what}: SHA-256 {hash}."),
        };
        let collateral = a.collateral.map_or_else(
            || "Collateral: none.".to_owned(),
            |amount| {
                format!(
                    "Collateral: {} pledges {} for what it owes under this agreement.",
                    a.home,
                    self.money(amount)
                )
            },
        );
        let mut lines = vec![
            collateral,
            hash("Model that forecasts load for prices", a.model),
            hash("Pricing or split rule as a WebAssembly module", a.rule),
        ];
        if let Some(fuel) = a.rule_fuel {
            lines.push(format!("One run of the rule uses at most {fuel} units of fuel; where the rule fails, the tables above apply."));
        }
        lines.push(hash("Separate legal text (annex)", a.annex_hash));
        lines
    }

    fn execution(&self) -> Vec<String> {
        vec![
            "The ledger's contracts execute these terms. This text is made from the terms that they execute, and its SHA-256 is one of them.".to_owned(),
            format!("It is agreed when {} and {} have signed the terms and the ledger records both signatures.", self.0.home, self.0.visited),
        ]
    }
}
