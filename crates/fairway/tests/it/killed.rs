//! Any one member may be gone.

use crate::stage::Stage;
use fairway::demo::members::{UTILITIES, WITNESS};
use std::collections::BTreeMap;

/// With any one member killed, its validator included, the drivers of the others charge at each other's stations and are billed.
#[tokio::test(flavor = "multi_thread")]
async fn process_any_one_killed_the_others_charge() {
    let mut stage = Stage::open("killed", BTreeMap::new()).await;
    let mut lines = [0; 3];
    // Who is killed, who drives, at whose station.
    for (killed, home, visited) in [
        (WITNESS, 0, 1),
        (UTILITIES[0], 1, 2),
        (UTILITIES[1], 2, 0),
        (UTILITIES[2], 0, 1),
    ] {
        stage.world.kill(killed).await.unwrap();
        let mut post = stage.post(visited, home);
        let driver = stage.drivers[home].clone();
        let visit = post.visit(&driver.cin, 54).await.unwrap();
        lines[home] += 1;
        let bill = stage.billed(home, lines[home]).await;
        assert!(
            bill.lines.iter().any(|l| l.total == visit.bill.total),
            "{} killed: {:?}",
            killed.name,
            bill.total
        );
        stage.world.start(killed).unwrap();
        stage.world.ready(killed).await.unwrap();
    }
    stage.close().await;
}

/// The visited utility is killed in mid-charge: after its restart the charge is settled once.
#[tokio::test(flavor = "multi_thread")]
async fn process_visited_killed_in_mid_charge() {
    let mut stage = Stage::open("mid-charge", BTreeMap::new()).await;
    let mut post = stage.post(1, 2);
    let driver = stage.drivers[2].clone();
    post.offer(&driver.cin).await.unwrap();
    post.begin(45).await.unwrap();
    stage.world.kill(UTILITIES[1]).await.unwrap();
    stage.world.start(UTILITIES[1]).unwrap();
    stage.world.ready(UTILITIES[1]).await.unwrap();
    let shown = post.finish().await.unwrap();
    let bill = stage.billed(2, 1).await;
    assert_eq!(
        (bill.lines[0].total, bill.lines[0].energy),
        (shown.total, shown.energy)
    );
    assert_eq!(shown.energy.kwh_text(), "9");
    stage.close().await;
}
