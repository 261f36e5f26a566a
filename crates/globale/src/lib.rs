//! Refunds in the words of another platform's published API: its `OrderRefund` object with every
//! member that the reference document names.
//!
//! The compatible endpoint answers with it, and endpoints of the format `globale` are sent it.
//! Each of them knows refunds in its own types; both say them as a [`Refund`], and
//! [`OrderRefund::of`] works out what the reference wants to know beyond that.
//!
//! This crate stands outside of the layers: texts come in, and an object goes out.

mod decimal;
mod gift_card;
mod object;
mod refund;

pub use gift_card::{GiftCard, GiftCards, GiftCardsData, Movement};
pub use object::{
    ComponentType, OrderRefund, OrderRefundInfo, OrderRefundReason, RefundComponent, RefundProduct,
};
pub use refund::{Component, Pair, Product, Refund, Unshowable};
