use crate::Pair;
use serde::{Deserialize, Serialize};

/// A line of an order. Its amounts are for the whole line, after discounts, VAT included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub cart_item_id: String,
    /// The SKU.
    pub product_code: Option<String>,
    pub secondary_product_code: Option<String>,
    pub name: Option<String>,
    pub hs_code: Option<String>,
    pub quantity: u32,
    pub total: Pair,
    /// This line's share of the order's duties.
    pub duties: Pair,
    #[serde(default)]
    pub quantities: Quantities,
}

/// Where the pieces of a line are, beside those that are still open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Quantities {
    /// Held by an open cancellation request.
    pub held: u32,
    pub cancelled: u32,
    pub in_transit: u32,
    pub delivered: u32,
}

impl Line {
    /// Pieces that are neither held, cancelled nor shipped.
    pub const fn open(&self) -> u32 {
        let Quantities { held, cancelled, in_transit, delivered } = self.quantities;
        self.quantity.saturating_sub(held + cancelled + in_transit + delivered)
    }
}
