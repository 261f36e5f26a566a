use super::Access;
use crate::{Caller, Failure};
use domain::{
    id::{StoreId, UserId},
    token::Role,
    user::User,
};
use ports::StoreError;

/// Whoever changes people or makes tokens, as they are when that is decided. They go by the store's
/// version like what they change, so that of two managers who shut each other out one is too late.
pub(crate) enum Manager {
    /// Somebody who has logged in, if they are still there.
    User(Option<User>),
    /// Not one of the store's people.
    Other,
}

impl Access {
    /// Who of the store's people calls, if it is one of them.
    pub(crate) async fn manager(
        &self,
        caller: &Caller,
        store_id: &StoreId,
    ) -> Result<Manager, StoreError> {
        match caller.actor.id.parse::<UserId>() {
            Ok(user_id) => Ok(Manager::User(self.people.user(store_id, user_id).await?)),
            Err(_) => Ok(Manager::Other),
        }
    }
}

impl Manager {
    /// Refuses, as it would at the door, whoever is shut out or no manager any more.
    pub fn still(&self, method: &'static str) -> Result<(), Failure> {
        match self {
            Self::Other => Ok(()),
            Self::User(Some(User { disabled: false, role, .. })) => match role {
                Role::Manager => Ok(()),
                role => Err(Failure::RoleForbids { role: *role, method }),
            },
            Self::User(_) => Err(Failure::CallerEnded),
        }
    }
}
