//! `fairway station`: one station on this terminal.

use crate::environment::{self, Clock};
use crate::node::tls;
use crate::station::{Setup, terminal};
use clap::Args;
use fairway_messages::Language;
use fairway_model::{Energy, EvseId, Hash, StationId};
use fairway_protocol::ocmf::MeterKey;
use fairway_protocol::ocpp::LinkConfig;
use fairway_station::StationConfig;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::path::PathBuf;
use std::sync::Arc;

/// What a station is told.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The station's name at its gateway.
    #[arg(long)]
    station: String,
    /// Its EVSE, as registered on the ledger.
    #[arg(long)]
    evse: String,
    /// The gateway, as in wss://127.0.0.1:7400.
    #[arg(long)]
    gateway: String,
    /// The gateway's certificate, PEM.
    #[arg(long)]
    certificate: PathBuf,
    /// The station's password.
    #[arg(long, env = "FAIRWAY_STATION_PASSWORD", hide_env_values = true)]
    password: String,
    /// Folder for the meter key and unsent events; made when it is missing.
    #[arg(long, default_value = "station")]
    state: PathBuf,
    /// The utility's name, for the last screen.
    #[arg(long, default_value = "your utility")]
    operator: String,
    /// Greatest power in watts.
    #[arg(long, default_value_t = 150_000)]
    power: u32,
    /// Language of the screen: en, es or de.
    #[arg(long, default_value = "en", value_parser = Language::parse)]
    language: Language,
    /// Demonstration clock: how many seconds pass in one.
    #[arg(long, default_value_t = 1)]
    speed: u32,
    /// Print the meter's public key (hex, SubjectPublicKeyInfo) for the ledger and end.
    #[arg(long)]
    print_meter_key: bool,
}

pub(super) async fn run(options: Options) -> Result<(), String> {
    tls::install_provider();
    let at = |e: std::io::Error| format!("{}: {e}", options.state.display());
    std::fs::create_dir_all(&options.state).map_err(at)?;
    let seed_file = options.state.join("meter.seed");
    if !seed_file.exists() {
        crate::genesis::write_private(&seed_file, &environment::entropy()).map_err(at)?;
    }
    let seed = std::fs::read(&seed_file).map_err(at)?;
    let seed =
        <[u8; 32]>::try_from(seed).map_err(|_| format!("{}: not 32 bytes", seed_file.display()))?;
    let meter = MeterKey::from_seed(seed);
    let spki = meter.public_spki();
    if options.print_meter_key {
        super::say(&hex::encode(spki));
        return Ok(());
    }
    let station = StationId::parse(&options.station).map_err(|e| format!("--station: {e}"))?;
    let evse = EvseId::parse(&options.evse).map_err(|e| format!("--evse: {e}"))?;
    let pem = std::fs::read(&options.certificate)
        .map_err(|e| format!("{}: {e}", options.certificate.display()))?;
    let certificate = CertificateDer::from_pem_slice(&pem)
        .map_err(|e| format!("{}: {e}", options.certificate.display()))?;
    let serial: String = Hash::plain(&spki).hex().chars().take(12).collect();
    let wall_start = environment::wall_ms();
    let setup = Setup {
        link: LinkConfig::new(serial.clone(), evse.clone(), spki),
        config: StationConfig::new(evse, options.operator, serial, rand::random()),
        meter,
        register: Energy::ZERO,
        offered_w: options.power,
        gateway: options.gateway,
        password: options.password,
        tls: Arc::new(tls::station_client(certificate)?),
        clock: Clock {
            wall_start,
            begin: wall_start,
            speed: options.speed.max(1),
        },
        state: Some(options.state.join("events.cbor")),
        station,
    };
    terminal::run(setup, options.language).await
}
