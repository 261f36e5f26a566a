//! The workers on the memory store, the use cases and the sandbox, in virtual time: it stands
//! still while anything can be done, and jumps to the next timer when nothing can.

mod broadcaster;
mod crash;
mod gift_cards;
mod handover;
mod left_alone;
mod legs;
mod looks;
mod mismatch;
mod notices;
mod pool;
mod process_order;
mod reconciling;
mod screening;
mod webhooks;
mod world;
