use crate::amount;
use domain::{amount::AmountError, order::Order, refund::GiftCard};
use ports::own_value::{self, Balances};
use wire::refunds::v1 as proto;

/// A gift card that money of a refund goes to. `balances`: what is on this system's own.
///
/// # Errors
///
/// [`AmountError`] for a sum that no account has.
pub fn gift_card(
    order: &Order,
    card: &GiftCard<'_>,
    balances: &Balances,
) -> Result<proto::GiftCardThen, AmountError> {
    let shown = |sum| amount(sum, order.customer_currency);
    let tender_id = card.tender.map(|tender| tender.tender_id.to_string());
    Ok(proto::GiftCardThen {
        card_id: card.card_id.to_owned(),
        tender_id: tender_id.unwrap_or_default(),
        balance: own_value::with_refund(card, balances)?.map(shown).unwrap_or_default(),
        balance_used: shown(card.used),
        refunded: shown(card.refunded),
        leg_ids: card.legs.iter().map(|leg| leg.leg_id.to_string()).collect(),
    })
}
