//! The codes of the reference document beside the stable reasons of Meridian.

/// The `Code` of an `ErrorInfo`: a published number, or the reason itself where there is none.
pub fn of(reason: &str) -> &str {
    match reason {
        "ORDER_FULLY_REFUNDED" => "1001",
        "AMOUNT_EXCEEDS_REFUNDABLE" => "1002",
        "INVALID_QUANTITY" => "1003",
        "EMPTY_REFUND" => "1004",
        own => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason;

    #[test]
    fn every_reason_has_its_code() {
        for reason in Reason::ALL {
            let expected = match reason {
                Reason::OrderFullyRefunded => "1001",
                Reason::AmountExceedsRefundable => "1002",
                Reason::InvalidQuantity => "1003",
                Reason::EmptyRefund => "1004",
                own => own.as_str(),
            };
            assert_eq!(of(reason.as_str()), expected);
        }
    }
}
