//! Screening: the checks behind the port, as rules and lists from files.
