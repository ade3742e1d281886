//! The screens of the demonstration's stations, for people, and what is printed about them.

use super::accounts::{PASSWORD, name_of};
use super::drive::{Bay, Pace, Post};
use super::members::{UTILITIES, everybody};
use super::setup::{self, Driver};
use super::simulator::{PAGE, Stand};
use super::world::World;
use crate::cli::say;
use crate::line::{Condition, Line};
use crate::station::kiosk::{About, serve};
use fairway_pricing::CompiledTariff;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;

/// The invented number of the help desk; 555-0100 belongs to nobody.
const HELP: &str = "+1 800 555 0100";
/// Power of the demonstration's stations in watts.
const POWER_W: u32 = 150_000;
/// Where programs find what is printed for people.
const FILE: &str = "demo.json";

/// Opens every station again with times for people, behind a line of its own, with its kiosk; prints where they are.
pub(super) async fn open(
    world: &World,
    posts: Vec<Post>,
    drivers: &[Driver],
    simulator: SocketAddr,
) -> Result<Vec<Stand>, String> {
    let mut stands = Vec::new();
    for post in posts {
        let bay = post.close().await;
        stands.push(stand(world, bay).await?);
    }
    say(
        "\nScreens of the stations (one of each utility; the others are in demo.json). Type a driver's number:",
    );
    for stand in stands.iter().step_by(UTILITIES.len()) {
        say(&format!("  {}  {}", stand.url, stand.post.bay.utility.name));
    }
    for driver in drivers {
        let pin = driver
            .pin
            .map_or(String::new(), |pin| format!(", PIN {pin}"));
        say(&format!(
            "  {}  {} of {}{pin}",
            driver.cin, driver.name, driver.home.name
        ));
    }
    let begin = format!("http://{simulator}/");
    let simulator = format!("http://{simulator}{PAGE}");
    say(&format!(
        "\nBreak something, and see that the books still balance:\n  {simulator}"
    ));
    say(&format!(
        "\nBegin here, with six things to try, each under a minute:\n  {begin}"
    ));
    let text = told(world, &stands, drivers, (&begin, &simulator))?.to_string();
    let path = world.folder.join(FILE);
    std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(stands)
}

/// What is printed, for programs.
fn told(
    world: &World,
    stands: &[Stand],
    drivers: &[Driver],
    (begin, simulator): (&str, &str),
) -> Result<Value, String> {
    let kiosks = stands.iter().map(|stand| {
        let bay = &stand.post.bay;
        json!({ "station": bay.station.as_str(), "operator": bay.utility.name, "url": stand.url })
    });
    let drivers = drivers.iter().map(
        |d| json!({ "name": d.name, "cin": d.cin, "pin": d.pin, "home": d.home.name, "account": name_of(d) }),
    );
    let members = everybody().map(|cast| {
        let pages = world.pages(cast)?;
        Ok::<_, String>(json!({ "id": cast.id, "name": cast.name, "pages": pages }))
    });
    Ok(json!({
        "kiosks": kiosks.collect::<Vec<_>>(),
        "drivers": drivers.collect::<Vec<_>>(),
        "members": members.collect::<Result<Vec<_>, _>>()?,
        "password": PASSWORD,
        "begin": begin,
        "simulator": simulator,
    }))
}

async fn stand(world: &World, bay: Bay) -> Result<Stand, String> {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let line = Line::open(free, world.stations(bay.utility)?, Condition::default())?;
    let gateway = format!("wss://{}", line.address());
    let post = Post::paced(world, bay, Pace::HUMAN, gateway)?;
    let url = kiosk(&post).await?;
    Ok(Stand { post, line, url })
}

/// Serves a station's screen; gives its address.
async fn kiosk(post: &Post) -> Result<String, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(|e| e.to_string())?;
    let bound = listener.local_addr().map_err(|e| e.to_string())?;
    let utility = post.bay.utility;
    let tariff = setup::tariff(utility)?;
    let posted = CompiledTariff::compile(&tariff, utility.zone).map_err(|e| e.to_string())?;
    let about = About {
        station: post.bay.station.to_string(),
        operator: utility.name.to_owned(),
        help: Some(HELP.to_owned()),
        power_w: POWER_W,
        simulated: true,
        url: format!("http://{bound}"),
        posted: Some(posted),
    };
    let url = format!("{}/kiosk/{}", about.url, about.station);
    tokio::spawn(serve(listener, post.kiosk(about)));
    Ok(url)
}
