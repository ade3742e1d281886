//! `fairway station`: one station on this terminal.

use crate::assets;
use crate::environment::{self, Clock};
use crate::node::tls;
use crate::station::kiosk::About;
use crate::station::{Setup, terminal};
use clap::Args;
use fairway_messages::Language;
use fairway_model::{Energy, EvseId, Hash, StationId};
use fairway_pricing::CompiledTariff;
use fairway_protocol::ocmf::MeterKey;
use fairway_protocol::ocpi_tariff::read_tariff;
use fairway_protocol::ocpp::LinkConfig;
use fairway_station::StationConfig;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;

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
    /// Serve the station's own screen at http://ADDRESS/kiosk/STATION, such as 127.0.0.1:7410.
    #[arg(long, value_name = "ADDRESS")]
    kiosk: Option<SocketAddr>,
    /// The kiosk's address as a driver's phone reaches it; the QR code on the screen leads there.
    #[arg(long, value_name = "URL", requires = "kiosk")]
    kiosk_url: Option<String>,
    /// Number to call for help, shown on every screen of the kiosk.
    #[arg(long, value_name = "NUMBER", requires = "kiosk")]
    help_number: Option<String>,
    /// OCPI tariff that the kiosk shows to everybody before anybody identifies.
    #[arg(long, value_name = "FILE", requires = "kiosk")]
    tariff: Option<PathBuf>,
    /// IANA time zone of the station, for the tariff's times of day.
    #[arg(long, default_value = "UTC")]
    zone: String,
    /// Folder of web pages to serve instead of those inside the program.
    #[arg(long, value_name = "FOLDER", requires = "kiosk")]
    pages: Option<PathBuf>,
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
    let kiosk = match options.kiosk {
        Some(address) => Some(kiosk(&options, address).await?),
        None => None,
    };
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
    terminal::run(setup, kiosk, options.language).await
}

/// Opens the kiosk's listener, so that an address in use is told before anything starts.
async fn kiosk(options: &Options, address: SocketAddr) -> Result<(TcpListener, About), String> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|e| format!("--kiosk {address}: {e}"))?;
    let bound = listener.local_addr().map_err(|e| e.to_string())?;
    if let Some(folder) = &options.pages {
        assets::read_from(folder.clone());
    }
    let url = match &options.kiosk_url {
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
            url.trim_end_matches('/').to_owned()
        }
        Some(url) => {
            return Err(format!(
                "--kiosk-url {url}: begin with https:// (or http:// for a test)"
            ));
        }
        None => format!("http://{bound}"),
    };
    let posted = match &options.tariff {
        Some(path) => Some(posted(path, &options.zone)?),
        None => None,
    };
    let about = About {
        station: options.station.clone(),
        operator: options.operator.clone(),
        help: options.help_number.clone(),
        power_w: options.power,
        simulated: true,
        url,
        posted,
    };
    Ok((listener, about))
}

fn posted(path: &Path, zone: &str) -> Result<CompiledTariff, String> {
    let at = |e: String| format!("--tariff {}: {e}", path.display());
    let json = std::fs::read(path).map_err(|e| at(e.to_string()))?;
    let tariff = read_tariff(&json).map_err(|e| at(e.to_string()))?;
    CompiledTariff::compile(&tariff, zone).map_err(|e| at(e.to_string()))
}
