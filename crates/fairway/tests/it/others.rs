//! Stations that nobody here wrote.

use crate::stage::Stage;
use fairway::demo::members::{UTILITIES, seed};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The PyPI package `ocpp` (mobilityhouse) as a 2.0.1 station drives a whole charge. Runs where `FAIRWAY_PEER_PYTHON` names a
/// Python that has it, as the `peers` stage does.
#[tokio::test(flavor = "multi_thread")]
async fn peer_ocpp_station_charges() {
    let Some(python) = fairway::environment::variable("FAIRWAY_PEER_PYTHON") else {
        return;
    };
    let stage = Stage::open("peer-ocpp", BTreeMap::new()).await;
    let bay = stage.bay(1, 0);
    let certificate = stage.world.folder.join(UTILITIES[1].folder).join("tls.crt");
    let setup = json!({
        "url": stage.world.gateway(UTILITIES[1]).unwrap(), "station": bay.station.as_str(), "password": bay.password,
        "certificate": certificate, "cin": stage.drivers[0].cin, "meter_seed": hex::encode(seed(21, bay.station.as_str(), "meter")),
        "wall_start_ms": stage.world.clock.wall_start, "begin_ms": stage.world.clock.begin, "speed": stage.world.clock.speed,
    });
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/peers/ocpp_station.py"
    );
    let output = tokio::process::Command::new(python)
        .arg(script)
        .arg(setup.to_string())
        .output()
        .await
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}{err}\n{}", stage.log(1));
    let said: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&said["boot"], &said["first"], &said["second"]),
        (
            &json!("Accepted"),
            &json!("NotAtThisTime"),
            &json!("Accepted")
        )
    );
    assert!(said["price"].as_str().unwrap().contains("0.36"), "{said}");
    // 10.25 kWh at 0.38 and a start fee of 0.50, less 5 % for Gold, and 7 % tax.
    let bill = stage.billed(0, 1).await;
    let line = &bill.lines[0];
    assert_eq!(line.energy.kwh_text(), "10.25");
    assert_eq!(line.total.text(bill.currency), "4.47");
    assert_eq!(
        (said["total"].as_f64().unwrap(), &said["start_commands"]),
        (4.47, &json!(0))
    );
    stage.close().await;
}
