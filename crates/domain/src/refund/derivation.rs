use crate::Amount;
use serde::{Deserialize, Serialize};

/// Where one figure of a refund comes from. The short names keep the stored facts small.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derivation {
    /// The line, component or leg, such as `line L1`, `component Products`, `leg t1`.
    #[serde(rename = "s")]
    pub subject: String,
    #[serde(rename = "c")]
    pub side: Side,
    #[serde(rename = "r")]
    pub rule: Rule,
    /// What was refunded of the subject before.
    #[serde(rename = "b")]
    pub before: Amount,
    /// What is refunded of it with this refund.
    #[serde(rename = "a")]
    pub after: Amount,
    /// Decimals that the figure was rounded to, half away from zero.
    #[serde(rename = "d")]
    pub decimals: u32,
    #[serde(rename = "v")]
    pub amount: Amount,
}

/// Which currency a figure is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    #[serde(rename = "C")]
    Customer,
    #[serde(rename = "M")]
    Merchant,
}

/// The rule of the specification that a figure follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Rule {
    QuantityShare,
    GivenAmount,
    PercentOfQuantity,
    PercentOfLine,
    ConvertedFromMerchant,
    GivenMerchantAmount,
    ConvertedByLine,
    SumOfLines,
    RoundedSumOfLines,
    EverythingLeft,
    SpreadOverWhatIsLeft,
    ProductsDutiesShare,
    ConvertedByCharge,
    AverageRate,
    EarlierGoodwillSetOff,
    PrepaidFeeDeducted,
    CancellationFeeDeducted,
    NeverPaid,
    PaidAfterAll,
    SplitByBearer,
    TenderOrder,
}

impl Rule {
    /// The stable name, as shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QuantityShare => "QUANTITY_SHARE",
            Self::GivenAmount => "GIVEN_AMOUNT",
            Self::PercentOfQuantity => "PERCENT_OF_QUANTITY",
            Self::PercentOfLine => "PERCENT_OF_LINE",
            Self::ConvertedFromMerchant => "CONVERTED_FROM_MERCHANT",
            Self::GivenMerchantAmount => "GIVEN_MERCHANT_AMOUNT",
            Self::ConvertedByLine => "CONVERTED_BY_LINE",
            Self::SumOfLines => "SUM_OF_LINES",
            Self::RoundedSumOfLines => "ROUNDED_SUM_OF_LINES",
            Self::EverythingLeft => "EVERYTHING_LEFT",
            Self::SpreadOverWhatIsLeft => "SPREAD_OVER_WHAT_IS_LEFT",
            Self::ProductsDutiesShare => "PRODUCTS_DUTIES_SHARE",
            Self::ConvertedByCharge => "CONVERTED_BY_CHARGE",
            Self::AverageRate => "AVERAGE_RATE",
            Self::EarlierGoodwillSetOff => "EARLIER_GOODWILL_SET_OFF",
            Self::PrepaidFeeDeducted => "PREPAID_FEE_DEDUCTED",
            Self::CancellationFeeDeducted => "CANCELLATION_FEE_DEDUCTED",
            Self::NeverPaid => "NEVER_PAID",
            Self::PaidAfterAll => "PAID_AFTER_ALL",
            Self::SplitByBearer => "SPLIT_BY_BEARER",
            Self::TenderOrder => "TENDER_ORDER",
        }
    }

    /// What the rule says, for a reader.
    pub const fn text(self) -> &'static str {
        match self {
            Self::QuantityShare => {
                "the line's share of all pieces returned so far, less its share of those returned \
                 before, at most what is left of the line"
            }
            Self::GivenAmount => "the amount that was asked for",
            Self::PercentOfQuantity => "the percentage of the returned pieces' amount",
            Self::PercentOfLine => "the percentage of the line's total",
            Self::ConvertedFromMerchant => {
                "the merchant amount refunded so far, prorated back to the line's customer total, \
                 less what was refunded before"
            }
            Self::GivenMerchantAmount => "the merchant amount that was asked for",
            Self::ConvertedByLine => {
                "the line's merchant total prorated by what is refunded of its customer total, \
                 less what was refunded before"
            }
            Self::SumOfLines => "the sum of the lines' amounts",
            Self::RoundedSumOfLines => {
                "the rounded sum of all that is refunded of the lines, less what was booked before"
            }
            Self::EverythingLeft => "everything that is left",
            Self::SpreadOverWhatIsLeft => {
                "the total spread over what is left, by largest remainder"
            }
            Self::ProductsDutiesShare => {
                "the products' share of their lines' duties, at most the duties left"
            }
            Self::ConvertedByCharge => {
                "the charge's merchant total prorated by what is refunded of its customer total, \
                 less what was booked before"
            }
            Self::AverageRate => "converted by the order's totals in both currencies",
            Self::EarlierGoodwillSetOff => {
                "what the customer has already had back beyond lines, shipping and duties"
            }
            Self::PrepaidFeeDeducted => "the prepaid return fee, deducted",
            Self::CancellationFeeDeducted => "the cancellation fee, deducted",
            Self::NeverPaid => "what the customer has not paid, or not any more",
            Self::PaidAfterAll => "what the customer paid after the order was cancelled",
            Self::SplitByBearer => {
                "the part of the component that one of its two bearers takes, converted by the \
                 component's own amounts"
            }
            Self::TenderOrder => "the tender's part by the store's tender order",
        }
    }
}
