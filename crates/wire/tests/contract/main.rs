//! What callers of the contract rely on, beyond what its compiler checks.

mod descriptors;
mod json;
mod openapi;
mod routes;
