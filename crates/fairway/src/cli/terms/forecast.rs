//! The part of an agreement's file that says how the forecast moves prices.

use super::hash;
use fairway_model::{CurvePoint, ForecastTerms, Micro};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ForecastFile {
    curve: Vec<PointFile>,
    step_bps: u32,
    notice_hours: u8,
    skill_days: u16,
    weekday_bps: Vec<u32>,
    weekend_bps: Vec<u32>,
    spare: Option<String>,
    stake: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PointFile {
    level: u16,
    bps: u32,
}

impl ForecastFile {
    /// The terms; whether they can price anything is asked where all terms are checked.
    pub(super) fn terms(&self) -> Result<ForecastTerms, String> {
        let point = |p: &PointFile| CurvePoint {
            level: p.level,
            bps: p.bps,
        };
        let spare = self.spare.as_deref();
        Ok(ForecastTerms {
            curve: self.curve.iter().map(point).collect(),
            step_bps: self.step_bps,
            notice_hours: self.notice_hours,
            skill_days: self.skill_days,
            weekday_bps: self.weekday_bps.clone(),
            weekend_bps: self.weekend_bps.clone(),
            spare: spare.map(|text| hash("forecast.spare", text)).transpose()?,
            stake: self.stake.as_deref().map(stake).transpose()?,
        })
    }
}

fn stake(text: &str) -> Result<Micro, String> {
    Micro::parse(text).map_err(|e| format!("forecast.stake: {e}"))
}
