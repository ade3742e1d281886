//! A member loses its rights by vote while a charge of its driver runs elsewhere: that charge is finished and settled, the next one is
//! refused by name, and after the reinstatement its drivers charge again. Nobody starts again for it.

use crate::by_hand::{
    CIN, HOME, Shell, Terminal, VISITED, agreed, begun, charged, founded, registered,
};

const GEORGIA: &str = "--config=georgia/fairway.toml";
const REGULATOR: &str = "--config=regulator/fairway.toml";

/// Proposes and decides a motion about Alabama by all others.
async fn decided(shell: &Shell, motion: &[&str]) {
    let line = [&["council", "propose"], motion, &[VISITED]].concat();
    let said = shell.good(&line).await;
    let mut words = said.split([' ', ':', '`']);
    let id = words.find(|w| w.starts_with("pro_")).unwrap().to_owned();
    for config in [VISITED, GEORGIA, REGULATOR] {
        shell.until(&["council", "list", config], &id).await;
        shell
            .good(&["council", "vote", id.as_str(), "yes", config])
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn process_suspended_partner_is_refused_by_name() {
    let mut shell = Shell::with_examples("standings");
    std::fs::write(shell.folder.join("reasons.txt"), "it does not pay").unwrap();
    let gateway = founded(&mut shell, &[]).await;
    let station = registered(&shell, &gateway).await;
    agreed(&shell).await;
    let mut terminal = Terminal::open(station);
    begun(&mut terminal, CIN).await;

    let suspend = ["suspend", "US*ALP", "--reasons=reasons.txt"];
    decided(&shell, &suspend).await;
    terminal.press("stop").await;
    terminal
        .see("bill", |l| l.contains("comes on your bill of"))
        .await;
    terminal.press("unplug").await;
    let now = fairway_model::Time(fairway::environment::wall_ms()).rfc3339();
    let month: String = now.chars().take(7).collect();
    let bill = ["bill", CIN, &month, HOME];
    shell.until(&bill, "(1 charge, ").await;

    terminal
        .see("prompt", |l| l.starts_with("Present your card"))
        .await;
    terminal.press(&format!("card {CIN}")).await;
    terminal
        .see("refusal", |l| {
            l.contains("alabama is suspended from the network since")
        })
        .await;
    decided(&shell, &["reinstate", "US*ALP"]).await;
    charged(&mut terminal, CIN).await;
    shell.until(&bill, "(2 charges, ").await;
    terminal.press("quit").await;
    for mut child in shell.running.drain(..) {
        child.kill().await.unwrap();
    }
    std::fs::remove_dir_all(&shell.folder).unwrap();
}
