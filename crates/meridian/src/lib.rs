//! The parts of the program that its tests use as well: its settings.

pub mod settings;
