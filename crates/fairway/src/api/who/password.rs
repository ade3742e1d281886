//! Passwords: argon2id (RFC 9106) with a salt of each, computed off the threads that serve requests and few at a time.

use crate::api::problem::Problem;
use crate::environment;
use argon2::{Algorithm, Argon2, Params, Version};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Fewest characters of a password.
pub(crate) const SHORTEST: usize = 12;
/// Most bytes of a password.
pub(crate) const LONGEST: usize = 256;
/// Hashes computed at a time: each takes 19 MiB and some tens of milliseconds of a core.
const AT_ONCE: usize = 2;
/// Requests that may wait for a hash.
const MAX_WAITING: usize = 32;

/// Whether a password may be chosen.
pub(crate) fn check(pointer: &str, password: &str) -> Result<(), Problem> {
    let characters = password.chars().count();
    if characters < SHORTEST || password.len() > LONGEST {
        let text =
            format!("a password has {SHORTEST} characters or more, and at most {LONGEST} bytes");
        return Err(
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "password", text.clone())
                .at(pointer, text),
        );
    }
    Ok(())
}

/// Computes and compares hashes; clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Hasher {
    places: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_ONCE)),
            queue: Arc::new(Semaphore::new(AT_ONCE.saturating_add(MAX_WAITING))),
        }
    }
}

/// The hash's form (PHC): algorithm, version and costs before salt and hash, so that hashes of other costs can follow.
const FORM: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
/// Bytes of a salt.
const SALT: usize = 16;
/// Bytes of a hash.
const HASH: usize = 32;

fn compute(password: &str, salt: &[u8]) -> Result<[u8; HASH], String> {
    let mut out = [0u8; HASH];
    // The costs that RFC 9106 and OWASP recommend for 19 MiB: what FORM says.
    let params = Params::new(19_456, 2, 1, Some(HASH)).map_err(|e| e.to_string())?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, &mut out)
        .map_err(|e| e.to_string())?;
    Ok(out)
}

fn hash_now(password: &str) -> Result<String, String> {
    let entropy = environment::entropy();
    let salt = entropy.get(..SALT).unwrap_or_default();
    let hash = compute(password, salt)?;
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    Ok(format!("{FORM}{salt}${hash}"))
}

fn fits_now(password: &str, stored: &str) -> bool {
    let parts = stored
        .strip_prefix(FORM)
        .and_then(|rest| rest.split_once('$'));
    let read = parts.and_then(|(salt, hash)| {
        let salt = STANDARD_NO_PAD.decode(salt).ok()?;
        Some((salt, STANDARD_NO_PAD.decode(hash).ok()?))
    });
    let Some((salt, hash)) = read else {
        return false;
    };
    let Ok(computed) = compute(password, &salt) else {
        return false;
    };
    let differ = computed
        .iter()
        .zip(&hash)
        .fold(0u8, |acc, (a, b)| acc | (a ^ b));
    hash.len() == HASH && differ == 0
}

impl Hasher {
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || Problem::busy("too many sign-ins wait; try again in a second");
        let waiting = self.queue.clone().try_acquire_owned().map_err(|_| busy())?;
        let place = self
            .places
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| busy())?;
        let done = tokio::task::spawn_blocking(work).await.map_err(|_| busy());
        drop((waiting, place));
        done
    }

    /// The hash of a new password, in PHC form.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Problem> {
        let made = self.run(move || hash_now(&password)).await?;
        made.map_err(|e| Problem::busy(format!("the password cannot be hashed: {e}")))
    }

    /// Whether a password is the one of a stored hash. Without a hash it takes as long and says no.
    pub(crate) async fn fits(
        &self,
        password: String,
        stored: Option<String>,
    ) -> Result<bool, Problem> {
        self.run(move || {
            if let Some(stored) = stored {
                return fits_now(&password, &stored);
            }
            // Whether a name exists is not told by the time that the answer takes.
            let _ = hash_now(&password);
            false
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let hasher = Hasher::default();
        let stored = hasher
            .hash("correct horse battery".to_owned())
            .await
            .unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        let again = hasher
            .hash("correct horse battery".to_owned())
            .await
            .unwrap();
        assert_ne!(stored, again);
        let fits =
            |text: &str, stored: Option<&String>| hasher.fits(text.to_owned(), stored.cloned());
        assert!(fits("correct horse battery", Some(&stored)).await.unwrap());
        assert!(!fits("correct horse batterz", Some(&stored)).await.unwrap());
        assert!(!fits("correct horse battery", None).await.unwrap());
    }

    #[test]
    fn short_passwords_are_refused() {
        assert!(check("/password", "elevenchars").is_err());
        assert!(check("/password", "twelve chars").is_ok());
        assert!(check("/password", &"x".repeat(257)).is_err());
    }
}
