//! The same contract over SQLite and, where the environment names a cluster, over PostgreSQL.

use super::*;

fn row(table: Table, key: &str, body: &[u8]) -> Row {
    Row {
        table,
        key: key.into(),
        subject: format!("about {key}"),
        at: Time(1_700_000_000_000),
        summary: "a row".into(),
        body: body.to_vec(),
    }
}

async fn keys(store: &mut Store, table: Table) -> Vec<String> {
    let mut out = Vec::new();
    store.load(table, |r| out.push(r.key)).await.unwrap();
    out
}

async fn contract(url: &str) {
    let mut store = Store::open(url).await.unwrap();
    let first = row(Table::Outbox, "a", &[0, 255, 1]);
    let second = row(Table::Outbox, "b", b"");
    store
        .apply(&[Change::Put(first.clone()), Change::Put(second)])
        .await
        .unwrap();
    assert_eq!(keys(&mut store, Table::Outbox).await, ["a", "b"]);

    let newer = row(Table::Outbox, "a", b"newer");
    let gone = Change::Delete {
        table: Table::Outbox,
        key: "b".into(),
    };
    store
        .apply(&[Change::Put(newer.clone()), gone.clone(), gone])
        .await
        .unwrap();
    assert_eq!(
        store.about(Table::Outbox, "about a", 10).await.unwrap(),
        std::slice::from_ref(&newer)
    );
    assert!(
        store
            .about(Table::Outbox, "about b", 10)
            .await
            .unwrap()
            .is_empty()
    );

    // Opened again, everything is there.
    drop(store);
    let mut store = Store::open(url).await.unwrap();
    let mut found = Vec::new();
    store.load(Table::Outbox, |r| found.push(r)).await.unwrap();
    assert_eq!(found, [newer]);

    // It stays its owner's.
    let owner = |member: &str| [("member", member.to_owned()), ("chain", "test".to_owned())];
    store.claim(&owner("US*DUK")).await.unwrap();
    store.claim(&owner("US*DUK")).await.unwrap();
    let error = store.claim(&owner("US*ALP")).await.unwrap_err().to_string();
    assert!(
        error.contains("the database is of member US*DUK, this member's is US*ALP"),
        "{error}"
    );

    // More rows than a page come back once each, in order.
    let many: Vec<Change> = (0..4_100)
        .map(|i| Change::Put(row(Table::Journal, &format!("{i:05}"), b"x")))
        .collect();
    store.apply(&many).await.unwrap();
    let loaded = keys(&mut store, Table::Journal).await;
    assert_eq!(loaded.len(), 4_100);
    assert!(loaded.is_sorted());
}

fn sqlite_url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("utility.db").display())
}

fn folder(name: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("fairway-store-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let folder = folder("contract");
    contract(&sqlite_url(&folder)).await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// Runs where `FAIRWAY_TEST_POSTGRES` names a cluster, as the `databases` stage does.
#[tokio::test]
async fn postgres_keeps_the_contract() {
    let Some(base) = crate::environment::variable("FAIRWAY_TEST_POSTGRES") else {
        return;
    };
    sqlx::any::install_default_drivers();
    let name = format!("fairway_{}", std::process::id());
    let mut admin = AnyConnection::connect(&format!("{base}/postgres"))
        .await
        .unwrap();
    admin
        .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await
        .unwrap();
    contract(&format!("{base}/{name}")).await;
    admin
        .execute(sqlx::AssertSqlSafe(format!(
            "DROP DATABASE {name} WITH (FORCE)"
        )))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_failed_batch_leaves_nothing() {
    let folder = folder("batch");
    let mut store = Store::open(&sqlite_url(&folder)).await.unwrap();
    store
        .connection
        .execute(
            "CREATE TRIGGER deny BEFORE INSERT ON marks BEGIN SELECT RAISE(ABORT, 'denied'); END",
        )
        .await
        .unwrap();
    let batch = [
        Change::Put(row(Table::Outbox, "a", b"1")),
        Change::Put(row(Table::Marks, "m", b"1")),
    ];
    assert!(store.apply(&batch).await.is_err());
    assert!(keys(&mut store, Table::Outbox).await.is_empty());
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_full_database_is_named_and_recovers() {
    let folder = folder("full");
    let mut store = Store::open(&sqlite_url(&folder)).await.unwrap();
    let pages = sqlx::query("PRAGMA page_count")
        .fetch_one(&mut store.connection)
        .await
        .unwrap();
    let pages: i64 = pages.try_get(0).unwrap();
    store
        .connection
        .execute(sqlx::AssertSqlSafe(format!(
            "PRAGMA max_page_count = {}",
            pages + 2
        )))
        .await
        .unwrap();
    let big = [Change::Put(row(Table::Outbox, "big", &vec![7; 64 * 1024]))];
    let text = store.apply(&big).await.unwrap_err().to_string();
    assert!(text.contains("make room on the disk"), "{text}");
    store
        .connection
        .execute("PRAGMA max_page_count = 1000000")
        .await
        .unwrap();
    store.apply(&big).await.unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let text = Store::open("sqlite:/nonexistent-fairway/utility.db")
        .await
        .unwrap_err()
        .to_string();
    assert!(text.contains("its folder does not exist"), "{text}");
}

#[tokio::test]
async fn a_read_only_database_is_named() {
    let folder = folder("readonly");
    let url = sqlite_url(&folder);
    drop(Store::open(&url).await.unwrap());
    let mut store = Store::open(&format!("{url}?mode=ro")).await.err();
    if store.is_none() {
        let mut opened = Store::open(&format!("{url}?mode=ro")).await.unwrap();
        store = opened
            .apply(&[Change::Put(row(Table::Outbox, "a", b"1"))])
            .await
            .err();
    }
    let text = store.unwrap().to_string();
    assert!(text.contains("writable"), "{text}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = folder("newer");
    let url = sqlite_url(&folder);
    let mut store = Store::open(&url).await.unwrap();
    store
        .connection
        .execute("INSERT INTO fairway_schema (version) VALUES (99)")
        .await
        .unwrap();
    drop(store);
    let text = Store::open(&url).await.unwrap_err().to_string();
    assert!(text.contains("schema version 99"), "{text}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn passwords_stay_out_of_messages() {
    assert_eq!(
        public_url("postgres://me:secret@host:5432/db"),
        "postgres://...@host:5432/db"
    );
}
