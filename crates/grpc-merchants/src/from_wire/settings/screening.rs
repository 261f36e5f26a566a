use domain::{
    Currency,
    order::TenderMethod,
    screening::{Least, Scope, Screening},
};
use grpc_kit::{Fields, render::tender_method, screening_check};
use wire::{orders::v1 as orders, stores::v1 as proto};

/// Digits of a customs code.
const MAX_HS_CODE: usize = 16;

pub(super) fn screening(
    fields: &mut Fields,
    screening: Option<&proto::Screening>,
    currency: Option<Currency>,
) -> Screening {
    let screening = screening.cloned().unwrap_or_default();
    if screening.scopes.len() > Screening::MAX_SCOPES {
        let text = format!("must be at most {}", Screening::MAX_SCOPES);
        fields.wrong("settings.screening.scopes", text);
    }
    let scopes = screening.scopes.iter().take(Screening::MAX_SCOPES).enumerate();
    let scopes = scopes.filter_map(|(index, it)| scope(fields, index, it, currency)).collect();
    Screening {
        fraud: screening.fraud,
        prohibited_goods: screening.prohibited_goods,
        denied_party: screening.denied_party,
        scopes,
    }
}

fn scope(
    fields: &mut Fields,
    index: usize,
    scope: &proto::ScreeningScope,
    currency: Option<Currency>,
) -> Option<Scope> {
    let at = |name: &str| format!("settings.screening.scopes[{index}].{name}");
    let check = screening_check(fields, at("check"), scope.check);
    for (name, count) in [
        ("tender_methods", scope.tender_methods.len()),
        ("destination_countries", scope.destination_countries.len()),
        ("hs_prefixes", scope.hs_prefixes.len()),
    ] {
        if count > Screening::MAX_VALUES {
            fields.wrong(at(name), format!("must be at most {}", Screening::MAX_VALUES));
            return None;
        }
    }
    let mut tender_methods = Vec::new();
    for (place, method) in scope.tender_methods.iter().enumerate() {
        let wanted = orders::TenderMethod::try_from(*method).ok();
        let known = TenderMethod::ALL.into_iter();
        match known.into_iter().find(|method| wanted == Some(tender_method(*method))) {
            Some(method) => tender_methods.push(method),
            None => fields.wrong(at(&format!("tender_methods[{place}]")), "must be a method"),
        }
    }
    let mut destinations = Vec::new();
    for (place, country) in scope.destination_countries.iter().enumerate() {
        if domain::is_country(country) {
            destinations.push(country.clone());
        } else {
            let field = at(&format!("destination_countries[{place}]"));
            fields.wrong(field, "must be two capital letters, as ISO 3166-1 has it");
        }
    }
    let mut hs_prefixes = Vec::new();
    for (place, prefix) in scope.hs_prefixes.iter().enumerate() {
        let bare = domain::screening::bare_code(prefix);
        if bare.is_empty() || prefix.chars().count() > MAX_HS_CODE {
            let text = format!("must be the first digits of a customs code, at most {MAX_HS_CODE}");
            fields.wrong(at(&format!("hs_prefixes[{place}]")), text);
        }
        hs_prefixes.push(bare);
    }
    let least = Some(scope.minimum_total.as_str()).filter(|least| !least.is_empty());
    let least = least.map(|least| fields.amount(at("minimum_total"), least, currency));
    Some(Scope {
        check: check?,
        tender_methods,
        destinations,
        hs_prefixes,
        minimum_total: least.and_then(|amount| Some(Least { amount, currency: currency? })),
    })
}
