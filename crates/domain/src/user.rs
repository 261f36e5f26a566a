//! The people of a merchant, and their being logged in.

use crate::{
    Actor, ActorKind, Reason, Rejection,
    id::{StoreId, UserId},
    token::Role,
};
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};
use time::OffsetDateTime;

/// People that one store may have.
pub const MAX_USERS: u32 = 500;
/// Sessions that one user may have at a time. With more, those that end first are over.
pub const MAX_SESSIONS: usize = 20;
/// How long somebody stays logged in.
pub const SESSION: Duration = Duration::from_hours(12);

/// Somebody who works for a store. Their name and what they log in with stand here and nowhere else:
/// facts and logs know them by their id.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub user_id: UserId,
    pub store_id: StoreId,
    pub login: String,
    pub name: String,
    /// One of [`Role::STAFF`].
    pub role: Role,
    /// Hash of the password, with how it was made.
    pub password: String,
    /// It was given to them, and they have to choose their own.
    pub password_is_temporary: bool,
    /// What a device that they logged in from proves itself with.
    pub device_key: [u8; 32],
    pub disabled: bool,
    /// Counts what ended all of their sessions.
    pub era: i64,
    /// Counts the changes.
    pub version: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// What of a user is to change; the rest stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserPatch {
    pub name: Option<String>,
    pub role: Option<Role>,
    pub disabled: Option<bool>,
    /// The hash of another password, which is given to them.
    pub password: Option<String>,
}

/// Somebody who is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub store_id: StoreId,
    pub user_id: UserId,
    /// [`User::era`] at its beginning.
    pub era: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub began_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

impl User {
    /// How what they log in with is compared.
    pub fn key(login: &str) -> String {
        login.to_lowercase()
    }

    pub fn actor(&self) -> Actor {
        Actor::new(ActorKind::Merchant, self.user_id.to_string())
    }

    /// As `by` wants it.
    ///
    /// # Errors
    ///
    /// [`Reason::OwnAccount`]: nobody shuts themselves out or gives themselves another role.
    pub fn patched(&self, patch: &UserPatch, by: &Actor) -> Result<Self, Rejection> {
        let mut after = self.clone();
        after.name = patch.name.clone().unwrap_or(after.name);
        after.role = patch.role.unwrap_or(after.role);
        after.disabled = patch.disabled.unwrap_or(after.disabled);
        let reset = patch.password.is_some();
        if let Some(password) = &patch.password {
            after.password.clone_from(password);
            after.password_is_temporary = true;
        }
        if after.role != self.role || after.disabled != self.disabled || reset {
            self.is_not(by)?;
        }
        if reset || (after.disabled && !self.disabled) {
            after.era += 1;
        }
        if after != *self {
            after.version += 1;
        }
        Ok(after)
    }

    /// Whether `by` may delete them.
    ///
    /// # Errors
    ///
    /// [`Reason::OwnAccount`].
    pub fn may_be_deleted(&self, by: &Actor) -> Result<(), Rejection> {
        self.is_not(by)
    }

    fn is_not(&self, by: &Actor) -> Result<(), Rejection> {
        if !by.is_same_person(&self.actor()) {
            return Ok(());
        }
        let text = "your own role, password and access are for another manager to change";
        Err(Rejection::new(Reason::OwnAccount, text))
    }

    /// With a password of their own choice. All sessions are over.
    #[must_use]
    pub fn with_password(&self, password: String) -> Self {
        Self {
            password,
            password_is_temporary: false,
            era: self.era + 1,
            version: self.version + 1,
            ..self.clone()
        }
    }

    /// Logged in from `now` on.
    #[must_use]
    pub fn session(&self, now: OffsetDateTime) -> Session {
        Session {
            store_id: self.store_id.clone(),
            user_id: self.user_id,
            era: self.era,
            began_at: now,
            expires_at: now + SESSION,
        }
    }
}

impl Session {
    /// Whether `user`, whose it is, is still logged in with it.
    pub fn is_live(&self, user: &User, now: OffsetDateTime) -> bool {
        now < self.expires_at && self.era == user.era && !user.disabled
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("user_id", &self.user_id)
            .field("store_id", &self.store_id)
            .field("role", &self.role)
            .field("disabled", &self.disabled)
            .field("era", &self.era)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;
    use uuid::Uuid;

    const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

    fn user() -> User {
        User {
            user_id: UserId::from_uuid(Uuid::from_u128(1)),
            store_id: "shop".parse().unwrap(),
            login: "ada@shop.example".to_owned(),
            name: "Ada".to_owned(),
            role: Role::Agent,
            password: "$argon2id$old".to_owned(),
            password_is_temporary: false,
            device_key: [7; 32],
            disabled: false,
            era: 3,
            version: 5,
            created_at: NOON,
        }
    }

    fn manager() -> Actor {
        Actor::new(ActorKind::Merchant, "usr_2")
    }

    #[test]
    fn who_is_shut_out_or_gets_a_password_is_logged_out() {
        let session = user().session(NOON);
        let live = |after: &User| session.is_live(after, NOON);
        assert!(live(&user()));
        let name = UserPatch { name: Some("Ada L.".to_owned()), ..UserPatch::default() };
        let role = UserPatch { role: Some(Role::Viewer), ..UserPatch::default() };
        for patch in [&name, &role] {
            let after = user().patched(patch, &manager()).unwrap();
            assert_eq!((live(&after), after.version), (true, 6));
        }
        let out = UserPatch { disabled: Some(true), ..UserPatch::default() };
        let reset = UserPatch { password: Some("$argon2id$new".to_owned()), ..<_>::default() };
        for patch in [&out, &reset] {
            assert!(!live(&user().patched(patch, &manager()).unwrap()));
        }
        assert!(user().patched(&reset, &manager()).unwrap().password_is_temporary);
        // Who comes back does not come back into old sessions.
        let back = UserPatch { disabled: Some(false), ..UserPatch::default() };
        let shut = user().patched(&out, &manager()).unwrap();
        assert!(!live(&shut.patched(&back, &manager()).unwrap()));
        assert!(!live(&user().with_password("$argon2id$own".to_owned())));
        assert!(!session.is_live(&user(), NOON + SESSION));
    }

    #[test]
    fn nobody_changes_their_own_rights() {
        let ada = user().actor();
        for patch in [
            UserPatch { role: Some(Role::Manager), ..UserPatch::default() },
            UserPatch { disabled: Some(true), ..UserPatch::default() },
            UserPatch { password: Some("$argon2id$x".to_owned()), ..UserPatch::default() },
        ] {
            let refused = user().patched(&patch, &ada).unwrap_err();
            assert_eq!(refused.reason, Reason::OwnAccount);
        }
        let name = UserPatch { name: Some("Ada L.".to_owned()), ..UserPatch::default() };
        assert_eq!(user().patched(&name, &ada).unwrap().name, "Ada L.");
        assert_eq!(user().may_be_deleted(&ada).unwrap_err().reason, Reason::OwnAccount);
        user().may_be_deleted(&manager()).unwrap();
        let same = UserPatch { role: Some(Role::Agent), ..UserPatch::default() };
        assert_eq!(user().patched(&same, &ada).unwrap(), user());
    }

    #[test]
    fn what_is_printed_of_somebody_is_not_who_they_are() {
        let printed = format!("{:?}", user());
        for personal in ["ada", "Ada", "argon2id", "7, 7"] {
            assert!(!printed.contains(personal), "{printed}");
        }
    }
}
