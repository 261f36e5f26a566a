use argon2::{
    Argon2, PasswordHasher as _, PasswordVerifier as _,
    password_hash::{PasswordHash, SaltString},
};
use secrecy::{ExposeSecret as _, SecretString};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// How many are hashed at a time in each lane: each takes 19 MiB and a core.
const AT_ONCE: usize = 1;
/// How many of a lane are hashed or wait for it. Who comes after them is sent away.
const IN_LANE: usize = 64;
/// How long one waits at most.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whose password it is: a flood of strangers is in nobody's way who is known, and managers who enter
/// many are not in the way of whoever logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    Strangers,
    Known,
    Managers,
}

/// Hashes passwords with argon2id, by the parameters that OWASP recommends: 19 MiB, two passes, one
/// lane. A hash says how it was made, so that those can change.
#[derive(Clone)]
pub(super) struct Passwords {
    strangers: Places,
    known: Places,
    managers: Places,
}

#[derive(Clone)]
struct Places {
    hashed: Arc<Semaphore>,
    in_lane: Arc<Semaphore>,
}

/// The hash of what nobody knows, by the same parameters as everybody's: to check it takes as long.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Too many passwords are being checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Busy;

impl Passwords {
    pub fn new() -> Self {
        Self { strangers: Places::new(), known: Places::new(), managers: Places::new() }
    }

    /// The hash of a password, to be kept.
    pub async fn hash(
        &self,
        lane: Lane,
        salt: [u8; 16],
        password: SecretString,
    ) -> Result<String, Busy> {
        self.places(lane).work(move || hash(&salt, &password)).await
    }

    /// Whether it is the password of this hash; without one it never is, and takes as long.
    pub async fn is(
        &self,
        lane: Lane,
        held: Option<&str>,
        password: SecretString,
    ) -> Result<bool, Busy> {
        let held = held.unwrap_or(NOBODYS).to_owned();
        self.places(lane).work(move || is(&held, &password)).await
    }

    const fn places(&self, lane: Lane) -> &Places {
        match lane {
            Lane::Strangers => &self.strangers,
            Lane::Known => &self.known,
            Lane::Managers => &self.managers,
        }
    }
}

impl Places {
    fn new() -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self { hashed: places(AT_ONCE), in_lane: places(IN_LANE) }
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let _in_lane = self.in_lane.try_acquire().map_err(|_| Busy)?;
        let place = Arc::clone(&self.hashed).acquire_owned();
        let place = tokio::time::timeout(PATIENCE, place).await.map_err(|_| Busy)?;
        let place = place.map_err(|_| Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        done.await.map_err(|_| Busy)
    }
}

fn hash(salt: &[u8; 16], password: &SecretString) -> String {
    let salt = SaltString::encode_b64(salt).expect("16 bytes are a salt");
    let password = password.expose_secret().as_bytes();
    Argon2::default().hash_password(password, &salt).expect("any bytes are hashed").to_string()
}

/// A hash that cannot be read is nobody's.
fn is(held: &str, password: &SecretString) -> bool {
    let password = password.expose_secret().as_bytes();
    PasswordHash::new(held)
        .is_ok_and(|held| Argon2::default().verify_password(password, &held).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_alone() {
        let passwords = Passwords::new();
        let secret = |text: &str| SecretString::from(text);
        let held = passwords.hash(Lane::Known, [7; 16], secret("correct horse")).await.unwrap();
        assert!(held.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{held}");
        assert!(passwords.is(Lane::Known, Some(&held), secret("correct horse")).await.unwrap());
        assert!(!passwords.is(Lane::Known, Some(&held), secret("Correct horse")).await.unwrap());
        assert!(!passwords.is(Lane::Strangers, None, secret("correct horse")).await.unwrap());
        // It is a hash like any other, and not refused at a glance.
        let nobodys = PasswordHash::new(NOBODYS).unwrap();
        assert_eq!(nobodys.params, PasswordHash::new(&held).unwrap().params);
        assert!(!passwords.is(Lane::Known, Some("plain"), secret("plain")).await.unwrap());
    }
}
