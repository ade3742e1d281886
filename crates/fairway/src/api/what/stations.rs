//! Stations and their charging points.

use super::sessions::SessionRow;
use crate::api::extract::Path;
use crate::api::page::All;
use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Authorized, Signed, Staff};
use crate::api::{Api, other_answer, wire};
use axum::Json;
use axum::extract::State;
use fairway_model::station::ConnectorState;
use fairway_utility::desk::{DeskAnswer, DeskQuestion, StationView};
use serde::Serialize;
use utoipa::ToSchema;

/// What a connector last told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EvseState {
    /// Free.
    Available,
    /// In use.
    Occupied,
    /// Reserved.
    Reserved,
    /// Out of service.
    Unavailable,
    /// Broken.
    Faulted,
    /// Nothing was heard yet.
    Unknown,
}

/// A connector's state as a word.
pub(crate) fn evse_state(state: Option<ConnectorState>) -> EvseState {
    match state {
        None => EvseState::Unknown,
        Some(ConnectorState::Available) => EvseState::Available,
        Some(ConnectorState::Occupied) => EvseState::Occupied,
        Some(ConnectorState::Reserved) => EvseState::Reserved,
        Some(ConnectorState::Unavailable) => EvseState::Unavailable,
        Some(ConnectorState::Faulted) => EvseState::Faulted,
    }
}

/// A charging point.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EvseLine {
    /// Its id on the ledger.
    evse: String,
    /// Its number in the station.
    number: u32,
    /// What its connector last told.
    state: EvseState,
    /// The charge that holds it.
    session: Option<SessionRow>,
    /// Grid area.
    area: String,
    /// IANA zone.
    time_zone: String,
    /// Owner of the site.
    owner: String,
    /// Greatest power in watts.
    max_power_w: u32,
    /// SHA-256 of the meter's public key.
    meter_key: String,
}

/// A station.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Station)]
pub(crate) struct StationBody {
    /// Its name at the gateway.
    station: String,
    /// Whether it is connected.
    connected: bool,
    /// Since when.
    connected_since: Option<String>,
    /// Its charging points.
    evses: Vec<EvseLine>,
}

impl From<&StationView> for StationBody {
    fn from(view: &StationView) -> Self {
        let evses = view.evses.iter().map(|e| EvseLine {
            evse: e.entry.evse.to_string(),
            number: e.entry.number,
            state: evse_state(e.state),
            session: e.charge.as_ref().map(SessionRow::from),
            area: e.entry.area.clone(),
            time_zone: e.entry.time_zone.clone(),
            owner: e.entry.owner.to_string(),
            max_power_w: e.entry.max_power_w,
            meter_key: e.entry.meter_key_hash().hex(),
        });
        Self {
            station: view.station.to_string(),
            connected: view.connected.is_some(),
            connected_since: view.connected.map(|at| at.rfc3339()),
            evses: evses.collect(),
        }
    }
}

/// Every station of this member.
pub(crate) async fn all(api: &Api, by: &Signed) -> Result<Vec<StationView>, Problem> {
    match api.ask(by, DeskQuestion::Stations).await? {
        DeskAnswer::Stations(stations) => Ok(stations),
        _ => Err(other_answer()),
    }
}

/// This member's stations, in order of name.
#[utoipa::path(get, path = "/api/v1/stations", tag = "stations", extensions(("x-roles" = json!(Staff::ROLES))), responses((status = 200, body = All<StationBody>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    by: Authorized<Staff>,
) -> Result<Json<All<StationBody>>, Problem> {
    let stations = all(&api, &by).await?;
    let data = stations.iter().map(StationBody::from).collect();
    Ok(Json(All { data }))
}

/// One station.
#[utoipa::path(get, path = "/api/v1/stations/{station}", tag = "stations", extensions(("x-roles" = json!(Staff::ROLES))), params(("station" = String, Path)), responses((status = 200, body = StationBody)))]
pub(crate) async fn one(
    State(api): State<Api>,
    by: Authorized<Staff>,
    Path(name): Path<String>,
) -> Result<Json<StationBody>, Problem> {
    let station = wire::station(&name)?;
    let stations = all(&api, &by).await?;
    let found = stations.iter().find(|s| s.station == station);
    let found = found
        .ok_or_else(|| Problem::not_found(format!("{station} is no station of this member")))?;
    Ok(Json(StationBody::from(found)))
}
