use time::OffsetDateTime;
use uuid::Uuid;

/// The time. Nothing inside asks the machine for it.
pub trait Clock: Send + Sync {
    fn now(&self) -> OffsetDateTime;
}

/// Fresh identifiers and secrets. Nothing inside makes up its own.
pub trait Ids: Send + Sync {
    /// A time-ordered UUID (version 7); ids made one after the other sort in that order.
    fn next(&self) -> Uuid;

    /// 256 random bits from the operating system.
    fn secret(&self) -> [u8; 32];
}
