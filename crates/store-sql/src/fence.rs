//! Behind which fence the database is asked: on PostgreSQL the policies of row-level security look
//! at the setting [`STORES`] of whoever asks.
//!
//! What the program does by itself goes over connections that see everything from their start. What
//! it does for a caller of one store goes over connections that see nothing until they are told the
//! store, each time one is taken out of their pool. Reads of single orders and commits have
//! connections that see nothing for longer than one statement: it says itself for whom it is.

use crate::{ForCallers, SqlStore, error::from_orm};
use migrations::{ALL_STORES, STORES};
use ports::{Fence, StoreError};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, Statement,
    sqlx::{self, PgConnection, Postgres},
};

/// For whom a connection asks from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    ForAll,
    /// For nobody, until it says for whom.
    ForNobody,
}

impl Asks {
    /// The setting with which the connection begins.
    pub const fn setting(self) -> (&'static str, &'static str) {
        match self {
            Self::ForAll => (STORES, ALL_STORES),
            Self::ForNobody => (STORES, ""),
        }
    }
}

impl SqlStore {
    /// The same database for those who serve callers: without a [`Fence`] nothing is there, where
    /// everything is for the program itself. Around both a fence holds.
    #[must_use]
    pub fn for_callers(&self) -> Self {
        Self { for_callers: true, ..self.clone() }
    }

    /// Behind which everything is that is done now; none if nothing may be seen.
    pub(crate) fn fence(&self) -> Option<Fence> {
        Fence::current().or((!self.for_callers).then_some(Fence::Whole))
    }

    /// For everything that is read outside of the hot path.
    pub(crate) fn read(&self) -> &DatabaseConnection {
        self.fenced(&self.inner.read, |for_callers| &for_callers.read)
    }

    /// For everything that is written outside of the hot path.
    pub(crate) fn write(&self) -> &DatabaseConnection {
        self.fenced(&self.inner.write, |for_callers| &for_callers.write)
    }

    fn fenced<'s>(
        &'s self,
        whole: &'s DatabaseConnection,
        of: fn(&'s ForCallers) -> &'s DatabaseConnection,
    ) -> &'s DatabaseConnection {
        match (&self.inner.for_callers, self.fence()) {
            (None, _) | (_, Some(Fence::Whole)) => whole,
            (Some(for_callers), _) => of(for_callers),
        }
    }

    /// Whether the role that asks PostgreSQL is one for which row-level security does not hold.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the database does not answer.
    pub async fn goes_around_fences(&self) -> Result<bool, StoreError> {
        let read = &self.inner.read;
        if read.get_database_backend() != DbBackend::Postgres {
            return Ok(false);
        }
        let asked = Statement::from_string(DbBackend::Postgres, GOES_AROUND);
        let answer = async { read.query_one_raw(asked).await.map_err(from_orm) };
        let row = self.in_time(answer).await?;
        let found = row.map(|row| row.try_get_by_index(0)).transpose().map_err(from_orm)?;
        Ok(found.unwrap_or(false))
    }
}

const GOES_AROUND: &str =
    "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user";

/// What the setting of a fence is, or of none.
pub(crate) fn setting_of(fence: Option<&Fence>) -> &str {
    match fence {
        Some(Fence::Whole) => ALL_STORES,
        Some(Fence::Store(store)) => store.as_str(),
        None => "",
    }
}

const ASK_FOR: &str = "SELECT set_config('meridian.stores', $1, false)";

/// Tells a connection of callers for whom it asks now. Whoever takes one out of the pool does this in
/// their own task, so it is their fence.
pub(crate) async fn ask_for_caller(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let fence = Fence::current();
    sqlx::query::<Postgres>(ASK_FOR).bind(setting_of(fence.as_ref())).execute(connection).await?;
    Ok(())
}
