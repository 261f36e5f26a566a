use crate::{Page, PageRequest, StoreError};
use async_trait::async_trait;
use domain::{
    id::{StoreId, UserId},
    user::{Session, User},
};

/// What becomes of somebody. Goes with the [`crate::StoreChange`] whose fact says so.
#[derive(Debug, Clone)]
pub enum UserChange {
    /// As they are to be from now on.
    Put(Box<User>),
    /// With all of their sessions.
    Delete { store_id: StoreId, user_id: UserId },
}

impl UserChange {
    pub const fn store_id(&self) -> &StoreId {
        match self {
            Self::Put(user) => &user.store_id,
            Self::Delete { store_id, .. } => store_id,
        }
    }
}

/// Somebody logs in or out. Goes with the [`crate::StoreChange`] whose fact says so.
#[derive(Debug, Clone)]
pub enum SessionChange {
    /// With the SHA-256 of its secret. Sessions of the same user that are over are dropped on the
    /// way.
    Begin {
        hash: [u8; 32],
        session: Session,
    },
    End {
        hash: [u8; 32],
    },
}

/// The people of merchants, and who of them is logged in.
#[async_trait]
pub trait People: Send + Sync {
    async fn user(&self, store: &StoreId, user: UserId) -> Result<Option<User>, StoreError>;

    /// In the order in which they were entered.
    async fn users(
        &self,
        store: &StoreId,
        page: PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, StoreError>;

    async fn count_users(&self, store: &StoreId) -> Result<u32, StoreError>;

    /// The session with this SHA-256 of its secret, live or not, and whose it is.
    async fn session(&self, hash: &[u8; 32]) -> Result<Option<(Session, User)>, StoreError>;
}
