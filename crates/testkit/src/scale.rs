//! How much the expensive tests do.
//!
//! `MERIDIAN_TEST_SCALE=soak` runs them at full size; without it, or with `quick`, they run at a size
//! that a developer waits for. Nothing but the counts may differ.

use std::env;

const VARIABLE: &str = "MERIDIAN_TEST_SCALE";

/// One of two counts, by the scale of this run.
///
/// # Panics
/// If the variable is set to something else than `quick` or `soak`.
#[must_use]
pub fn pick<T>(quick: T, soak: T) -> T {
    match env::var(VARIABLE).as_deref() {
        Ok("soak") => soak,
        Ok("quick" | "") | Err(_) => quick,
        Ok(other) => panic!("{VARIABLE} is quick or soak, not {other}"),
    }
}
