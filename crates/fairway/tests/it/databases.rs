//! The same charge over either database.

use crate::stage::Stage;
use fairway::demo::members::UTILITIES;
use sqlx::{AnyConnection, Connection, Executor, Row};
use std::collections::BTreeMap;

async fn charges_and_survives(stage: &mut Stage) {
    let mut post = stage.post(1, 0);
    let driver = stage.drivers[0].clone();
    let visit = post.visit(&driver.cin, 50).await.unwrap();
    let bill = stage.billed(0, 1).await;
    assert_eq!(bill.lines[0].total, visit.bill.total);
    // Killed and started again, the home utility still has the bill.
    stage.world.kill(driver.home).await.unwrap();
    stage.world.start(driver.home).unwrap();
    stage.world.ready(driver.home).await.unwrap();
    assert_eq!(stage.bill(0).await.lines, bill.lines);
}

#[tokio::test(flavor = "multi_thread")]
async fn process_charge_with_sqlite() {
    let mut stage = Stage::open("sqlite", BTreeMap::new()).await;
    charges_and_survives(&mut stage).await;
    stage.close().await;
}

/// Home and visited utility each with a PostgreSQL database of its own. Runs where `FAIRWAY_TEST_POSTGRES` names a cluster, as the
/// `databases` stage does.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_process_charge() {
    let Some(base) = fairway::environment::variable("FAIRWAY_TEST_POSTGRES") else {
        return;
    };
    sqlx::any::install_default_drivers();
    let mut admin = AnyConnection::connect(&format!("{base}/postgres"))
        .await
        .unwrap();
    let mut databases = BTreeMap::new();
    for cast in [UTILITIES[0], UTILITIES[1]] {
        let name = format!("fairway_{}_{}", cast.folder, std::process::id());
        admin
            .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .await
            .unwrap();
        databases.insert(cast.id, format!("{base}/{name}"));
    }
    let mut stage = Stage::open("postgres", databases.clone()).await;
    charges_and_survives(&mut stage).await;
    let mut own = AnyConnection::connect(&databases[UTILITIES[1].id])
        .await
        .unwrap();
    let rows = sqlx::query("SELECT COUNT(*) FROM visited_sessions")
        .fetch_one(&mut own)
        .await
        .unwrap();
    assert!(
        rows.get::<i64, _>(0) > 0,
        "the visited utility's rows are in PostgreSQL"
    );
    drop(own);
    stage.close().await;
    for url in databases.values() {
        let name = url.rsplit('/').next().unwrap();
        admin
            .execute(sqlx::AssertSqlSafe(format!(
                "DROP DATABASE {name} WITH (FORCE)"
            )))
            .await
            .unwrap();
    }
}
