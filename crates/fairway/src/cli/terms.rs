//! An agreement's file: TOML with the terms, beside it the OCPI tariffs. The readable text is made from the terms. `docs/examples/agreement.toml`
//! names and explains every key.

mod forecast;
mod split;

use crate::config;
use fairway_ledger::{contract_text, worded};
use fairway_model::tariff::SalesTax;
use fairway_model::time::DAY;
use fairway_model::{
    Agreement, Caps, Corridor, Currency, Dimension, Energy, Hash, LoadBand, MemberId, Micro, Ppm,
    ServiceLevel, SessionCaps, Tariff, Tier, TierTerms, Time,
};
use fairway_pricing::rule_id;
use fairway_protocol::ocpi_tariff::read_tariff;
use forecast::ForecastFile;
use serde::Deserialize;
use split::SplitFile;
use std::path::{Path, PathBuf};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    home: String,
    visited: String,
    version: u32,
    currency: String,
    valid_from: toml::value::Datetime,
    valid_until: toml::value::Datetime,
    text: Option<PathBuf>,
    tariff: Vec<TariffFile>,
    corridor: CorridorFile,
    load_band: LoadBandFile,
    caps: CapsFile,
    #[serde(default)]
    tier: Vec<TierFile>,
    split: SplitFile,
    periods: PeriodsFile,
    session_caps: Option<SessionCapsFile>,
    service: Option<ServiceFile>,
    security: Option<SecurityFile>,
    commitments: Option<CommitmentsFile>,
    forecast: Option<ForecastFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TariffFile {
    file: PathBuf,
    #[serde(default)]
    sales_tax: Vec<SalesTaxFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SalesTaxFile {
    name: String,
    percent: String,
    #[serde(default)]
    on: Vec<DimensionName>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum DimensionName {
    Energy,
    Flat,
    ParkingTime,
    Time,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CorridorFile {
    floor: String,
    cap: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LoadBandFile {
    min_bps: u32,
    max_bps: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CapsFile {
    energy_per_charge_wh: u32,
    amount_per_charge: String,
    exposure: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TierName {
    Gold,
    Diamond,
    Platinum,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TierFile {
    name: TierName,
    discount_bps: u32,
    home_bears_bps: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PeriodsFile {
    hold_days: u16,
    netting_days: u16,
    due_days: u16,
    interest_bps: u32,
    dispute_days: u16,
    notice_days: Option<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionCapsFile {
    concurrent: Option<u32>,
    per_day: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceFile {
    least_served_bps: u32,
    penalty: String,
    penalty_cap: String,
    answer_hours: u16,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecurityFile {
    collateral: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitmentsFile {
    annex: Option<PathBuf>,
    model: Option<String>,
    rule: Option<PathBuf>,
    rule_fuel: Option<u64>,
}

/// Reads an agreement's file and the files that it names. What the terms say is not checked against each other here.
///
/// # Errors
/// File, key, and what would be right.
pub(super) fn read(path: &Path) -> Result<Agreement, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    parse(&text, folder).map_err(|e| format!("{}: {e}", path.display()))
}

/// The module of the custom rule that an agreement's file names, if it does.
///
/// # Errors
/// As [`read`].
pub(super) fn rule(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let file: File =
        toml::from_str(&text).map_err(|e| format!("{}: {}", path.display(), shape(&e, &text)))?;
    named_rule(&file, folder)
}

fn named_rule(file: &File, folder: &Path) -> Result<Option<Vec<u8>>, String> {
    // The text form of a rule is what its author keeps; what counts is the module that it makes.
    let name = file.commitments.as_ref().and_then(|c| c.rule.as_ref());
    name.map(|name| {
        super::rule::read(&folder.join(name)).map_err(|e| format!("commitments.rule: {e}"))
    })
    .transpose()
}

fn parse(text: &str, folder: &Path) -> Result<Agreement, String> {
    let file: File = toml::from_str(text).map_err(|e| shape(&e, text))?;
    let agreement = worded(unworded(&file, folder)?);
    if let Some(name) = &file.text {
        same_text(&open(folder, "text", name)?, name, &agreement)?;
    }
    Ok(agreement)
}

fn open(folder: &Path, key: &str, name: &Path) -> Result<Vec<u8>, String> {
    let path = folder.join(name);
    std::fs::read(&path).map_err(|e| format!("{key}: {}: {e}", path.display()))
}

/// The terms, still without the hash of their text.
fn unworded(file: &File, folder: &Path) -> Result<Agreement, String> {
    let open = |key: &str, name: &Path| open(folder, key, name);
    let member = |key: &str, id: &str| MemberId::parse(id).map_err(|e| format!("{key}: {e}"));
    let tariffs = (1usize..)
        .zip(&file.tariff)
        .map(|(at, entry)| {
            let key = format!("tariff {at}");
            tariff(&key, entry, &open(&key, &entry.file)?)
        })
        .collect::<Result<Vec<_>, String>>()?;
    let security = file.security.as_ref();
    let commitments = file.commitments.as_ref();
    let rule = named_rule(file, folder)?;
    let content = |key: &str, name: Option<&PathBuf>| {
        name.map(|name| open(key, name).map(|bytes| Hash::plain(&bytes)))
            .transpose()
    };
    Ok(Agreement {
        version: file.version,
        home: member("home", &file.home)?,
        visited: member("visited", &file.visited)?,
        currency: Currency::parse(&file.currency).map_err(|e| format!("currency: {e}"))?,
        valid_from: instant("valid_from", file.valid_from)?,
        valid_until: instant("valid_until", file.valid_until)?,
        text_hash: Hash::default(),
        tariffs,
        corridor: Corridor {
            floor: amount("corridor.floor", &file.corridor.floor)?,
            cap: amount("corridor.cap", &file.corridor.cap)?,
        },
        load_band: LoadBand {
            min_bps: file.load_band.min_bps,
            max_bps: file.load_band.max_bps,
        },
        caps: caps(&file.caps)?,
        tiers: file.tier.iter().map(tier).collect(),
        split: file.split.parts(),
        split_rule: file.split.rule()?,
        forecast: file
            .forecast
            .as_ref()
            .map(ForecastFile::terms)
            .transpose()?,
        hold_ttl: DAY.saturating_mul(i64::from(file.periods.hold_days)),
        netting_days: file.periods.netting_days,
        due_days: file.periods.due_days,
        interest_bps: file.periods.interest_bps,
        dispute_days: file.periods.dispute_days,
        notice_days: file.periods.notice_days,
        session_caps: file.session_caps.as_ref().map(session_caps),
        service: file.service.as_ref().map(service).transpose()?,
        collateral: security
            .map(|s| amount("security.collateral", &s.collateral))
            .transpose()?,
        model: commitments
            .and_then(|c| c.model.as_deref())
            .map(|text| hash("commitments.model", text))
            .transpose()?,
        rule: rule.as_deref().map(rule_id),
        rule_fuel: commitments.and_then(|c| c.rule_fuel),
        annex_hash: content(
            "commitments.annex",
            commitments.and_then(|c| c.annex.as_ref()),
        )?,
    })
}

/// A text that lies beside the terms must be theirs, or the parties would read one thing and sign another.
fn same_text(bytes: &[u8], name: &Path, agreement: &Agreement) -> Result<(), String> {
    if bytes == contract_text(agreement).as_bytes() {
        return Ok(());
    }
    Err(format!(
        "text: {} is not the text of these terms (SHA-256 {}); write it anew with `fairway agreement text`, and name a legal text of your own as commitments.annex",
        name.display(),
        agreement.text_hash
    ))
}

fn session_caps(file: &SessionCapsFile) -> SessionCaps {
    SessionCaps {
        concurrent: file.concurrent,
        per_day: file.per_day,
    }
}

fn service(file: &ServiceFile) -> Result<ServiceLevel, String> {
    Ok(ServiceLevel {
        least_served_bps: file.least_served_bps,
        penalty: amount("service.penalty", &file.penalty)?,
        penalty_cap: amount("service.penalty_cap", &file.penalty_cap)?,
        answer_hours: file.answer_hours,
    })
}

fn hash(key: &str, text: &str) -> Result<Hash, String> {
    let wrong = || format!("{key}: {text:?} is no SHA-256; 64 hexadecimal digits are right");
    let bytes = hex::decode(text).map_err(|_| wrong())?;
    <[u8; 32]>::try_from(bytes).map(Hash).map_err(|_| wrong())
}

/// Line, key and reason of what is no such file.
fn shape(error: &toml::de::Error, text: &str) -> String {
    let mut what = config::explain(error, text);
    let number =
        error.message().contains("floating point") || error.message().contains("integer `");
    if number && error.message().contains("expected a string") {
        what.push_str("; amounts are decimals in quotes, as in \"0.36\"");
    }
    if error.message().contains("TOML datetime") {
        what.push_str("; dates stand without quotes, as in 2026-01-01T00:00:00Z");
    }
    let key = error
        .span()
        .and_then(|span| text.get(..span.start)?.lines().last()?.split_once('='))
        .map(|(key, _)| key.trim());
    match key {
        Some(key) if !what.contains("unknown key") => format!("{key}: {what}"),
        _ => what,
    }
}

fn amount(key: &str, text: &str) -> Result<Micro, String> {
    Micro::parse(text).map_err(|e| format!("{key}: {e}"))
}

/// RFC 3339 is what TOML calls an offset date-time.
fn instant(key: &str, value: toml::value::Datetime) -> Result<Time, String> {
    let text = value.to_string();
    let wrong = |_| {
        format!(
            "{key}: {text} is no point in time; date, time and offset are right, as in 2026-01-01T00:00:00Z"
        )
    };
    let parsed: jiff::Timestamp = text.parse().map_err(wrong)?;
    Ok(Time(parsed.as_millisecond()))
}

/// A point in time on the command line.
///
/// # Errors
/// What would be right.
pub(super) fn moment(text: &str) -> Result<Time, String> {
    let parsed: jiff::Timestamp = text.parse().map_err(|_| {
        format!("{text:?} is no point in time; 2027-01-01T00:00:00Z has the right form")
    })?;
    Ok(Time(parsed.as_millisecond()))
}

fn caps(file: &CapsFile) -> Result<Caps, String> {
    Ok(Caps {
        energy_per_charge: Energy::from_wh(u64::from(file.energy_per_charge_wh))
            .ok_or("caps.energy_per_charge_wh: too much")?,
        amount_per_charge: amount("caps.amount_per_charge", &file.amount_per_charge)?,
        exposure: amount("caps.exposure", &file.exposure)?,
    })
}

fn tier(file: &TierFile) -> TierTerms {
    TierTerms {
        tier: match file.name {
            TierName::Gold => Tier::Gold,
            TierName::Diamond => Tier::Diamond,
            TierName::Platinum => Tier::Platinum,
        },
        discount_bps: file.discount_bps,
        home_bears_bps: file.home_bears_bps,
    }
}

fn tariff(key: &str, file: &TariffFile, json: &[u8]) -> Result<Tariff, String> {
    let name = file.file.display();
    let mut tariff = read_tariff(json).map_err(|e| format!("{key}: {name}: {e}"))?;
    for tax in &file.sales_tax {
        tariff.sales_taxes.push(SalesTax {
            name: tax.name.clone(),
            rate: percent(&tax.percent)
                .map_err(|e| format!("{key}: sales_tax {:?}: percent: {e}", tax.name))?,
            on: tax.on.iter().copied().map(dimension).collect(),
        });
    }
    Ok(tariff)
}

fn dimension(name: DimensionName) -> Dimension {
    match name {
        DimensionName::Energy => Dimension::Energy,
        DimensionName::Flat => Dimension::Flat,
        DimensionName::ParkingTime => Dimension::ParkingTime,
        DimensionName::Time => Dimension::Time,
    }
}

/// A percentage with four digits after the point is parts per million.
fn percent(text: &str) -> Result<Ppm, String> {
    let wrong = || {
        format!("{text:?} is no percentage from 0 to 100 with at most four digits after the point")
    };
    let Micro(micros) = Micro::parse(text).map_err(|_| wrong())?;
    let fits = (0..=100_000_000).contains(&micros) && micros % 100 == 0;
    match u32::try_from(micros / 100) {
        Ok(ppm) if fits => Ok(Ppm(ppm)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::cli) fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples")
    }

    /// The documented example.
    pub(in super::super) fn example() -> Agreement {
        read(&folder().join("agreement.toml")).unwrap()
    }

    #[test]
    fn the_example_is_read() {
        let agreement = example();
        assert_eq!(agreement.valid_from.rfc3339(), "2026-01-01T00:00:00.000Z");
        assert_eq!(agreement.tariffs[0].sales_taxes[0].rate, Ppm(70_000));
        assert_eq!(agreement.tiers.len(), 2);
        assert_eq!(agreement.hold_ttl, 7 * DAY);
        assert_eq!(agreement.notice_days, Some(30));
        assert_eq!(agreement.session_caps.unwrap().per_day, Some(1_000));
        assert_eq!(agreement.service.unwrap().penalty, Micro(5_000_000));
        assert_eq!((agreement.collateral, agreement.rule), (None, None));
    }

    /// The text that lies beside the example is its own, to the byte.
    #[test]
    fn the_example_s_text_is_made_from_its_terms() {
        let text = contract_text(&example());
        let beside = std::fs::read_to_string(folder().join("agreement.txt")).unwrap();
        assert_eq!(beside, text, "write it anew with `fairway agreement text`");
        let good = std::fs::read_to_string(folder().join("agreement.toml")).unwrap();
        let named = good.replacen("# text =", "text =", 1);
        assert_ne!(named, good);
        assert_eq!(parse(&named, &folder()), Ok(example()));
        let error = parse(
            &named.replacen("due_days = 10", "due_days = 11", 1),
            &folder(),
        );
        assert!(
            error
                .unwrap_err()
                .contains("is not the text of these terms")
        );
    }

    /// The optional tables, which the example has as comments.
    #[test]
    fn commitments_and_security_are_read() {
        let good = std::fs::read_to_string(folder().join("agreement.toml")).unwrap();
        let text = format!(
            "{good}\n[security]\ncollateral = \"2500\"\n[commitments]\nannex = \"agreement.txt\"\nmodel = \"{}\"\nrule = \"rule/solar.wat\"\nrule_fuel = 5\n",
            "ab".repeat(32)
        );
        let agreement = parse(&text, &folder()).unwrap();
        assert_eq!(agreement.collateral, Some(Micro(2_500_000_000)));
        assert_eq!(agreement.model, Some(Hash([0xab; 32])));
        let content = |name: &str| Some(Hash::plain(&std::fs::read(folder().join(name)).unwrap()));
        assert_eq!(agreement.annex_hash, content("agreement.txt"));
        assert_eq!(
            (agreement.rule, agreement.rule_fuel),
            (
                super::super::rule::read(&folder().join("rule/solar.wat"))
                    .ok()
                    .map(|module| Hash::plain(&module)),
                Some(5)
            )
        );
    }

    /// Each line is a change of the example, and words of the error that it must give.
    #[test]
    fn errors_name_key_and_right() {
        let good = std::fs::read_to_string(folder().join("agreement.toml")).unwrap();
        for (from, to, words) in [
            (
                "floor =",
                "flour =",
                "unknown key `flour`; did you mean `floor`?",
            ),
            (
                "\"0.20\"",
                "0.20",
                "floor: line 22: invalid type: floating point",
            ),
            ("\"0.20\"", "0.20", "in quotes, as in \"0.36\""),
            ("\"0.60\"", "\"0,60\"", "corridor.cap: "),
            (
                "\"US*ALP\"",
                "\"alabama\"",
                "home: \"alabama\" is no member id",
            ),
            (
                "2026-01-01T00:00:00Z",
                "2026-01-01",
                "valid_from: 2026-01-01 is no point in time",
            ),
            (
                "2026-01-01T00:00:00Z",
                "\"2026\"",
                "valid_from: line 9: invalid type: string",
            ),
            (
                "2026-01-01T00:00:00Z",
                "\"2026\"",
                "dates stand without quotes",
            ),
            ("currency =", "text = \"missing.txt\"\ncurrency =", "text: "),
            (
                "currency =",
                "text = \"tariff.json\"\ncurrency =",
                "text: tariff.json is not the text of these terms",
            ),
            (
                "\"tariff.json\"",
                "\"agreement.txt\"",
                "tariff 1: agreement.txt: no OCPI object",
            ),
            (
                "\"7\"",
                "\"7 %\"",
                "sales_tax \"North Carolina sales tax\": percent: \"7 %\" is no",
            ),
            (
                "\"gold\"",
                "\"bronze\"",
                "name: line 35: unknown variant `bronze`",
            ),
            ("hold_days = 7", "", "missing field `hold_days`"),
        ] {
            assert!(good.contains(from), "{from}");
            let error = parse(&good.replacen(from, to, 1), &folder()).unwrap_err();
            assert!(error.contains(words), "{to}: {error}");
        }
    }

    #[test]
    fn errors_of_optional_tables_name_their_key() {
        let good = std::fs::read_to_string(folder().join("agreement.toml")).unwrap();
        for (from, to, words) in [
            (
                "# [commitments]",
                "[commitments]\nmodel = \"ab12\" #",
                "commitments.model: \"ab12\" is no SHA-256",
            ),
            (
                "# [commitments]",
                "[commitments]\nrule = \"none.wasm\" #",
                "commitments.rule: ",
            ),
            (
                "# [security]",
                "[security]\ncollateral = \"much\" #",
                "security.collateral: ",
            ),
        ] {
            let error = parse(&good.replacen(from, to, 1), &folder()).unwrap_err();
            assert!(error.contains(words), "{to}: {error}");
        }
    }
}
