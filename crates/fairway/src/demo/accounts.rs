//! Accounts of the demonstration: one of each role at each member, and one for each driver at his utility. Everybody has the same
//! password, which is printed: nothing here is secret.

use super::members::{Cast, UTILITIES, WITNESS, everybody};
use super::setup::Driver;
use super::world::World;
use crate::api::Role;
use crate::node::accounts::AccountRequest;

/// The password of every account.
pub const PASSWORD: &str = "fairway-demo-password";

/// The account's name of a driver: the first one in small letters.
pub fn name_of(driver: &Driver) -> String {
    let first = driver.name.split_whitespace().next().unwrap_or_default();
    first.to_lowercase()
}

async fn add(world: &World, cast: Cast, account: AccountRequest) -> Result<(), String> {
    world
        .client(cast)?
        .add_account(&account)
        .await
        .map_err(|e| format!("{}: account {}: {e}", cast.name, account.name))
}

/// Makes them.
///
/// # Errors
/// Which could not be made.
pub async fn make(world: &World, drivers: &[Driver]) -> Result<(), String> {
    for cast in everybody() {
        for role in Role::ALL.into_iter().filter(|r| *r != Role::Driver) {
            let account = AccountRequest {
                name: role.word().replace('_', "-"),
                display_name: format!("DEMO {}", role.word().replace('_', " ")),
                role,
                password: PASSWORD.to_owned(),
                cin: None,
            };
            add(world, cast, account).await?;
        }
    }
    for driver in drivers {
        let account = AccountRequest {
            name: name_of(driver),
            display_name: format!("DEMO {}", driver.name),
            role: Role::Driver,
            password: PASSWORD.to_owned(),
            cin: Some(driver.cin.clone()),
        };
        add(world, driver.home, account).await?;
    }
    Ok(())
}

/// Where to look, and as whom.
///
/// # Errors
/// When a member has no pages.
pub fn links(world: &World, drivers: &[Driver]) -> Result<String, String> {
    let mut lines = vec![format!("\nDEMO pages; every password is {PASSWORD}")];
    let mut line = |what: &str, cast: Cast, path: &str, who: &str| {
        let at = world.pages(cast)?;
        lines.push(format!(
            "  {what:<10} {at}{path:<10} as {who} of {}",
            cast.name
        ));
        Ok::<_, String>(())
    };
    for driver in drivers.iter().take(1) {
        line("Driver", driver.home, "/my", &name_of(driver))?;
    }
    for cast in UTILITIES {
        line("Console", cast, "/console", "operator or roaming-manager")?;
    }
    line("Explorer", WITNESS, "/explorer", "auditor")?;
    Ok(lines.join("\n"))
}
