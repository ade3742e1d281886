//! The screens of the demonstration's stations, for people.

use super::drive::{Pace, Post};
use super::members::UTILITIES;
use super::setup::{self, Driver};
use super::world::World;
use crate::cli::say;
use crate::station::kiosk::{About, serve};
use fairway_pricing::CompiledTariff;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use tokio::net::TcpListener;

/// The invented number of the help desk; 555-0100 belongs to nobody.
const HELP: &str = "+1 800 555 0100";
/// Power of the demonstration's stations in watts.
const POWER_W: u32 = 150_000;
/// Where programs find what is printed for people.
const FILE: &str = "demo.json";

/// Opens every station again with times for people, and its kiosk; prints where they are.
pub(super) async fn open(
    world: &World,
    posts: Vec<Post>,
    drivers: &[Driver],
) -> Result<Vec<Post>, String> {
    let (mut opened, mut links) = (Vec::new(), Vec::new());
    for post in posts {
        let bay = post.close().await;
        let post = Post::paced(world, bay, Pace::HUMAN)?;
        links.push(kiosk(&post).await?);
        opened.push(post);
    }
    say(
        "\nScreens of the stations (one of each utility; the others are in demo.json). Type a driver's number:",
    );
    for link in links.iter().step_by(UTILITIES.len()) {
        say(&format!(
            "  {}  {}",
            link["url"].as_str().unwrap_or_default(),
            link["operator"].as_str().unwrap_or_default()
        ));
    }
    for driver in drivers {
        say(&format!(
            "  {}  {} of {}",
            driver.cin, driver.name, driver.home.name
        ));
    }
    let drivers: Vec<Value> = drivers
        .iter()
        .map(|d| json!({ "name": d.name, "cin": d.cin, "home": d.home.name }))
        .collect();
    let text = json!({ "kiosks": links, "drivers": drivers }).to_string();
    let path = world.folder.join(FILE);
    std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(opened)
}

async fn kiosk(post: &Post) -> Result<Value, String> {
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
    let link = json!({ "station": about.station, "operator": about.operator, "url": url });
    tokio::spawn(serve(listener, post.kiosk(about)));
    Ok(link)
}
