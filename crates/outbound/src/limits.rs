//! How much of somebody else's time, bytes and connections a call takes.

use std::time::Duration;

/// Until a connection stands, the look-up of the name and TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// For one call as a whole, until its answer is read.
pub const TIMEOUT: Duration = Duration::from_secs(15);

/// Bytes that are read of an answer's body, where nobody needs more.
pub const MAX_BODY: usize = 64 * 1024;

/// Bytes of an answer's header lines; of an answer with more no body is read. The HTTP library gives
/// up by itself at 100 lines and at about 400 KiB, so that much is held at most until this is looked
/// at.
pub const MAX_HEADERS: usize = 32 * 1024;

/// For how long a body is read that nobody looks at, so that the connection can be used again.
pub const FORGET: Duration = Duration::from_millis(500);

/// Look-ups of names at the same time in a whole process. One whose name server says nothing takes a
/// thread for longer than anybody waits for it, and threads for what blocks are 512.
pub const MAX_LOOKUPS: usize = 256;

/// Look-ups of one name at the same time.
pub const MAX_LOOKUPS_OF_NAME: usize = 2;

/// Connections that are kept open to one host while nobody uses them.
pub const MAX_IDLE: usize = 64;

/// For how long they are kept: less than the 5 seconds after which common servers hang up, since
/// what is written on a connection at that moment is lost.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// The longest that anybody may ask to be left alone for.
pub const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);
