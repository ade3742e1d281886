//! Members are killed at random under load.

use fairway::chaos::{Options, run};

/// Half a minute of kills: what goes in comes out once, the books sum to zero, and all nodes agree.
#[tokio::test(flavor = "multi_thread")]
async fn process_members_killed_at_random_lose_nothing() {
    let options = Options {
        minutes: 0,
        seconds: 30,
        rate: 5,
        seed: 3,
        dir: Some(crate::stage::folder("chaos")),
        json: false,
        program: Some(crate::stage::program()),
    };
    let folder = options.dir.clone().unwrap();
    let outcome = run(options).await.unwrap();
    assert!(outcome.kills >= 2, "{outcome:?}");
    assert!(outcome.tally.settled > 20, "{outcome:?}");
    // Some asked for a cent too much.
    assert!(
        outcome.tally.refused.contains_key("price-wrong"),
        "{outcome:?}"
    );
    let _ = std::fs::remove_dir_all(folder);
}
