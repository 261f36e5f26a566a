//! The one place where a database's error becomes the port's.

use ports::StoreError;
use sea_orm::{DbErr, RuntimeErr, sqlx};
use std::{error::Error, sync::Arc};

/// What can be done about a failed statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A key is taken.
    Taken,
    /// Two transactions were in each other's way; the same again may work at once.
    Collision,
    /// The schema or the data refuse it.
    Refused,
    /// The server gave the statement up, because it or a lock took too long: nothing was done, and
    /// the connection is as good as before.
    GivenUp,
    /// The database cannot be asked, or cannot do it now.
    Unavailable,
}

pub(crate) fn fault(error: &sqlx::Error) -> Fault {
    let Some(error) = error.as_database_error() else {
        return match error {
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::Encode(_)
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::TypeNotFound { .. } => Fault::Refused,
            _ => Fault::Unavailable,
        };
    };
    if error.is_unique_violation() {
        return Fault::Taken;
    }
    if error.is_check_violation() || error.is_foreign_key_violation() {
        return Fault::Refused;
    }
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
        of_sqlstate(&code)
    } else {
        of_sqlite(&code)
    }
}

/// By class: 08 connection, 25 a server that only reads, 28 and 3D refused at the door, 53
/// resources, 55 in use, 57 shutting down, 58 I/O.
const AWAY: [&str; 8] = ["08", "25", "28", "3D", "53", "55", "57", "58"];

fn of_sqlstate(state: &str) -> Fault {
    match state {
        "40001" | "40P01" => Fault::Collision,
        "55P03" | "57014" => Fault::GivenUp,
        _ if AWAY.iter().any(|class| state.starts_with(class)) => Fault::Unavailable,
        _ => Fault::Refused,
    }
}

/// The low byte of an extended code: 5 busy, 6 locked, 8 read-only, 9 interrupted, 10 I/O,
/// 13 full, 14 cannot open.
fn of_sqlite(code: &str) -> Fault {
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(5 | 6 | 8 | 9 | 10 | 13 | 14) => Fault::Unavailable,
        _ => Fault::Refused,
    }
}

/// The verdict on each of `count` commits that failed for the same reason.
pub(crate) fn shared(error: sqlx::Error, count: usize) -> Vec<Result<(), StoreError>> {
    let kind = fault(&error);
    let error = Arc::new(error);
    let verdict = || match kind {
        Fault::Taken | Fault::Collision => StoreError::Conflict,
        Fault::Refused => StoreError::Corrupt(Box::new(Shared(Arc::clone(&error)))),
        Fault::GivenUp | Fault::Unavailable => {
            StoreError::Unavailable(Box::new(Shared(Arc::clone(&error))))
        }
    };
    (0..count).map(|_| Err(verdict())).collect()
}

/// One reason for many.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Shared(Arc<sqlx::Error>);

pub(crate) fn from_sqlx(error: sqlx::Error) -> StoreError {
    match fault(&error) {
        Fault::Taken | Fault::Collision => StoreError::Conflict,
        Fault::Refused => StoreError::Corrupt(Box::new(error)),
        Fault::GivenUp | Fault::Unavailable => StoreError::Unavailable(Box::new(error)),
    }
}

pub(crate) fn from_orm(error: DbErr) -> StoreError {
    let cause = match &error {
        DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause))
        | DbErr::Conn(RuntimeErr::SqlxError(cause)) => fault(cause),
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Fault::Unavailable,
        _ => Fault::Refused,
    };
    match cause {
        Fault::Taken | Fault::Collision => StoreError::Conflict,
        Fault::Refused => StoreError::Corrupt(Box::new(error)),
        Fault::GivenUp | Fault::Unavailable => StoreError::Unavailable(Box::new(error)),
    }
}

/// Whether the same transaction may be tried again at once.
pub(crate) fn is_collision(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) =
        error
    else {
        return false;
    };
    fault(cause) == Fault::Collision
}

/// A stored value that this build cannot read, and where it stands.
#[derive(Debug, thiserror::Error)]
#[error("{column} cannot be read")]
struct Unreadable {
    column: &'static str,
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

pub(crate) fn unreadable(
    column: &'static str,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> StoreError {
    StoreError::Corrupt(Box::new(Unreadable { column, source: source.into() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_by_itself_is_told_from_what_never_will() {
        for state in ["08006", "25006", "28P01", "3D000", "53100", "55006", "57P01"] {
            assert_eq!(of_sqlstate(state), Fault::Unavailable, "{state}");
        }
        for state in ["55P03", "57014"] {
            assert_eq!(of_sqlstate(state), Fault::GivenUp, "{state}");
        }
        assert_eq!(of_sqlstate("40001"), Fault::Collision);
        assert_eq!(of_sqlstate("40P01"), Fault::Collision);
        for state in ["22021", "23502", "42P01", "XX000"] {
            assert_eq!(of_sqlstate(state), Fault::Refused, "{state}");
        }
        // Busy and its extensions, an I/O error, a full disk.
        for code in ["5", "261", "517", "778", "13"] {
            assert_eq!(of_sqlite(code), Fault::Unavailable, "{code}");
        }
        for code in ["1", "11", "1299", "26"] {
            assert_eq!(of_sqlite(code), Fault::Refused, "{code}");
        }
    }

    #[test]
    fn one_reason_is_told_to_all() {
        let verdicts = shared(sqlx::Error::PoolTimedOut, 3);
        assert_eq!(verdicts.len(), 3);
        assert!(verdicts.iter().all(|v| matches!(v, Err(StoreError::Unavailable(_)))));
    }
}
