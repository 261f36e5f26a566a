use domain::{order::Order, refund::Refund, store::Store};

/// How a refund is told to endpoints of the format [`domain::webhook::Format::Globale`].
pub trait OrderRefundBody: Send + Sync {
    /// The message, as JSON.
    fn order_refund(&self, order: &Order, refund: &Refund, store: &Store) -> Vec<u8>;
}
