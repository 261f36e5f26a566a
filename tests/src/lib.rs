//! Nothing but a place to hang the tests of the whole workspace on: see `tests/it`.
