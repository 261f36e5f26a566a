use crate::own_value::Balances;
use domain::{order::Order, refund::Refund, store::Store};
use std::error::Error;

/// How a refund is told to endpoints of the format [`domain::webhook::Format::Globale`].
pub trait OrderRefundBody: Send + Sync {
    /// The message, as JSON. `balances`: what is on the accounts that its legs go to.
    ///
    /// # Errors
    ///
    /// A refund that cannot be said in the words of that format.
    fn order_refund(
        &self,
        order: &Order,
        refund: &Refund,
        store: &Store,
        balances: &Balances,
    ) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>>;
}
