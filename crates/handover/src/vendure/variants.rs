//! The shop's products, by the codes that the platform knows them by.

use super::{
    api::{Api, Trouble},
    basket::Basket,
    query,
};
use crate::failure::refused;
use domain::order::FailureClass;
use ports::PushFailure;
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The shop's id of a variant, by SKU.
pub(super) struct Variants(BTreeMap<String, String>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    product_variants: Found,
}

#[derive(Deserialize)]
struct Found {
    items: Vec<Variant>,
}

#[derive(Deserialize)]
struct Variant {
    id: String,
    sku: String,
    enabled: bool,
}

/// SKUs that are asked for at once.
const AT_ONCE: usize = 100;
/// SKUs that a cause names.
const NAMED: usize = 5;

impl Variants {
    pub(super) async fn of(api: &Api<'_>, basket: &Basket) -> Result<Self, PushFailure> {
        let skus: BTreeSet<&str> = basket.items.iter().map(|item| item.sku.as_str()).collect();
        let skus: Vec<&str> = skus.into_iter().collect();
        let mut found = Vec::new();
        for skus in skus.chunks(AT_ONCE) {
            let called: Result<Reply, Trouble> =
                api.call(query::VARIANTS, json!({ "skus": skus })).await;
            let reply = called.map_err(|trouble| trouble.or(FailureClass::RejectedOther))?;
            found.extend(reply.product_variants.items);
        }
        let mut variants = BTreeMap::new();
        let mut twice = BTreeSet::new();
        for Variant { id, sku, .. } in found.into_iter().filter(|variant| variant.enabled) {
            if variants.insert(sku.clone(), id).is_some() {
                twice.insert(sku);
            }
        }
        let missing: Vec<&str> =
            skus.iter().copied().filter(|sku| !variants.contains_key(*sku)).collect();
        if !missing.is_empty() {
            return Err(rejected("the shop does not sell", &missing));
        }
        let ambiguous: Vec<&str> =
            skus.iter().copied().filter(|sku| twice.contains(*sku)).collect();
        if !ambiguous.is_empty() {
            return Err(rejected("the shop has more than one product with the code", &ambiguous));
        }
        Ok(Self(variants))
    }

    pub(super) fn id(&self, sku: &str) -> Option<&str> {
        self.0.get(sku).map(String::as_str)
    }
}

fn rejected(what: &str, skus: &[&str]) -> PushFailure {
    let named: Vec<String> = skus.iter().take(NAMED).map(|sku| outbound::plain(sku)).collect();
    let further = if skus.len() > NAMED { ", …" } else { "" };
    refused(FailureClass::RejectedProduct, format!("{what} {}{further}", named.join(", ")))
}
