use serde::Serialize;

/// A gift card that money of a refund goes to, as whoever shows it knows it. Amounts are decimal
/// texts in the customer currency.
#[derive(Debug)]
pub struct GiftCard {
    pub card_id: String,
    pub currency: String,
    /// What the payment with it is known by; none if the refund opened the card.
    pub redemption: Option<String>,
    /// What is on it once all of the refund is there; none if that is in others' books.
    pub balance: Option<String>,
    /// What the order was paid with it.
    pub used: String,
    /// What of the refund goes to it.
    pub refunded: String,
    /// How each movement to it stands.
    pub movements: Vec<Movement>,
}

/// How money on its way to a gift card stands.
#[derive(Debug, Clone)]
pub enum Movement {
    OnItsWay,
    Arrived,
    Failed { code: String, text: String },
}

/// What of a refund goes to gift cards: the document has one object, and says nothing of orders
/// that were paid with several. Those are a list of such objects.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum GiftCards {
    One(Box<GiftCardsData>),
    Several(Vec<GiftCardsData>),
}

/// The members of the document's table, by its names. A card's currency is the customer's, so that
/// each pair of figures is the same twice. What nobody here knows is null.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GiftCardsData {
    card_id: String,
    balance_in_gift_card_currency: Option<String>,
    balance_in_customer_currency: Option<String>,
    gift_card_currency_code: String,
    customer_currency_mode: String,
    balance_used_in_card_currency: String,
    balance_used_in_customer_currency: String,
    redeem_transaction_id: Option<String>,
    card_fields: CardFields,
    error_code: Option<String>,
    error_text: Option<String>,
    /// Not known before each movement has come to its end.
    is_refund_success: Option<bool>,
    gift_card_type: Option<u8>,
    original_total_refund_amount: String,
    refunded_balance_in_customer_currency: String,
    /// Spelt as the document spells it.
    #[serde(rename = "RefundeBalanceInGiftCardCurrency")]
    refunded_balance_in_gift_card_currency: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct CardFields {
    card_id: String,
    #[serde(rename = "giftCardBalanceToUse")]
    balance_to_use: String,
}

impl GiftCards {
    /// `None` without cards.
    pub(crate) fn of(mut cards: Vec<GiftCardsData>) -> Option<Self> {
        match cards.len() {
            0 => None,
            1 => cards.pop().map(|card| Self::One(Box::new(card))),
            _ => Some(Self::Several(cards)),
        }
    }
}

impl GiftCardsData {
    /// `in_merchant`: what is refunded, in the merchant currency.
    pub(crate) fn of(card: GiftCard, in_merchant: String) -> Self {
        let GiftCard { card_id, currency, redemption, balance, used, refunded, movements } = card;
        let failure = movements.iter().find_map(|movement| match movement {
            Movement::Failed { code, text } => Some((code.clone(), text.clone())),
            _ => None,
        });
        let on_its_way = movements.iter().any(|it| matches!(it, Movement::OnItsWay));
        let (error_code, error_text) = failure.unzip();
        Self {
            card_fields: CardFields { card_id: card_id.clone(), balance_to_use: used.clone() },
            card_id,
            balance_in_gift_card_currency: balance.clone(),
            balance_in_customer_currency: balance,
            gift_card_currency_code: currency.clone(),
            customer_currency_mode: currency,
            balance_used_in_card_currency: used.clone(),
            balance_used_in_customer_currency: used,
            redeem_transaction_id: redemption,
            is_refund_success: if error_code.is_some() {
                Some(false)
            } else {
                (!on_its_way).then_some(true)
            },
            error_code,
            error_text,
            gift_card_type: None,
            original_total_refund_amount: in_merchant,
            refunded_balance_in_customer_currency: refunded.clone(),
            refunded_balance_in_gift_card_currency: refunded,
        }
    }
}
