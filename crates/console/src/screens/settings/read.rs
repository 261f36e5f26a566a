//! The form of the settings as a request.

use crate::{
    faults::{REASONS, SCOPES},
    fields::{Fields, Reading},
    words,
};
use tonic::Status;
use wire::{
    cancellations::v1::CancellationReason,
    orders::v1::{ScreeningCheck, TenderMethod},
    stores::v1::{
        CustomerRequests, Handover, HandoverExhausted, Screening, ScreeningScope,
        StoreRefundReason, StoreSettings, TenderOrder, UpdateStoreRequest,
    },
};

/// The request, as far as the form can be read, and what of it cannot.
pub fn update(form: &Fields, store_id: String) -> (UpdateStoreRequest, Result<(), Status>) {
    let mut read = form.read();
    let version = read.count("version");
    let window_days = read.count("window_days").unwrap_or_default();
    let handover = handover(form, &mut read);
    let scopes = scopes(form, &mut read);
    let text = |name: &str| Some(form.text(name).to_owned());
    let request = UpdateStoreRequest {
        store_id,
        request_id: form.text("request_id").to_owned(),
        name: text("name"),
        // Only the platform's form has it.
        merchant_guid: form.has("says_guid").then(|| form.text("merchant_guid").to_owned()),
        web_store_code: text("web_store_code"),
        web_store_instance_code: text("web_store_instance_code"),
        currency: text("currency"),
        settings: Some(StoreSettings {
            appeasements: form.has("appeasements"),
            prepaid_returns: form.has("prepaid_returns"),
            error_info: form.has("error_info"),
            guid_alone: form.has("guid_alone"),
            cancel_before_ready: Some(form.has("cancel_before_ready")),
            approval_limit: form.given("approval_limit"),
            tender_order: words::number::<TenderOrder>(form.text("tender_order")),
            customer_requests: Some(CustomerRequests {
                enabled: form.has("requests"),
                window_days,
                auto_accept: form.has("auto_accept"),
                reasons: words::numbers::<CancellationReason>(&form.all("buyer_reason")),
            }),
            handover,
            screening: Some(Screening {
                fraud: form.has("fraud"),
                prohibited_goods: form.has("prohibited_goods"),
                denied_party: form.has("denied_party"),
                scopes,
            }),
            refund_reasons: reasons(form),
            time_zone: form.text("time_zone").to_owned(),
        }),
        version,
    };
    (request, read.finish())
}

/// `None` if orders are pushed nowhere.
fn handover(form: &Fields, read: &mut Reading<'_>) -> Option<Handover> {
    let adapter = form.text("adapter");
    if adapter.is_empty() {
        return None;
    }
    let waits = listed(form.text("schedule")).into_iter().map(str::parse);
    let schedule_seconds = waits.collect::<Result<_, _>>().unwrap_or_else(|_| {
        read.fault("schedule", "has to be whole seconds with commas between, such as 30, 120");
        Vec::new()
    });
    Some(Handover {
        adapter: adapter.to_owned(),
        url: form.text("url").to_owned(),
        exhausted: words::number::<HandoverExhausted>(form.text("exhausted")),
        schedule_seconds,
        secret: form.text("secret").to_owned(),
        has_secret: false,
    })
}

/// The rows in which anything stands.
fn scopes(form: &Fields, read: &mut Reading<'_>) -> Vec<ScreeningScope> {
    let columns =
        ["scope_check", "scope_methods", "scope_countries", "scope_prefixes", "scope_minimum"];
    let rows = SCOPES.read(form, columns).into_iter();
    let rows = rows.map(|[check, methods, countries, prefixes, minimum]| {
        if check.is_empty() {
            read.fault("scope_check", "has to be chosen for a row in which anything stands");
        }
        let methods = listed(methods).into_iter().map(str::to_uppercase);
        ScreeningScope {
            check: words::number::<ScreeningCheck>(check),
            tender_methods: methods.map(|it| words::number::<TenderMethod>(&it)).collect(),
            destination_countries: owned(countries),
            hs_prefixes: owned(prefixes),
            minimum_total: minimum.to_owned(),
        }
    });
    rows.collect()
}

fn reasons(form: &Fields) -> Vec<StoreRefundReason> {
    let rows = REASONS.read(form, ["reason_code", "reason_name"]).into_iter();
    let rows =
        rows.map(|[code, name]| StoreRefundReason { code: code.to_owned(), name: name.to_owned() });
    rows.collect()
}

/// What stands between commas.
fn listed(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn owned(text: &str) -> Vec<String> {
    listed(text).into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::StatusExt as _;

    fn settings(form: &str) -> StoreSettings {
        let (asked, read) = update(&Fields::of(form).unwrap(), "acme".to_owned());
        read.unwrap();
        asked.settings.unwrap()
    }

    #[test]
    fn rows_that_are_empty_are_left_out() {
        let read = settings(
            "reason_code=8&reason_name=Damaged&reason_code=&reason_name=\
             &scope_check=FRAUD&scope_methods=card, wallet&scope_countries=US&scope_prefixes=\
             &scope_minimum=50&scope_check=&scope_methods=&scope_countries=&scope_prefixes=\
             &scope_minimum=",
        );
        assert_eq!(read.refund_reasons.len(), 1);
        let scopes = read.screening.unwrap().scopes;
        let [scope] = scopes.as_slice() else { panic!("{scopes:?}") };
        let methods = [TenderMethod::Card, TenderMethod::Wallet].map(i32::from);
        assert_eq!(scope.tender_methods, methods);
        assert_eq!(scope.destination_countries, ["US"]);
        assert_eq!(scope.minimum_total, "50");
    }

    #[test]
    fn a_box_that_is_not_ticked_switches_off() {
        let read = settings("guid_alone=on");
        assert!(read.guid_alone && !read.appeasements);
        assert_eq!(read.cancel_before_ready, Some(false));
        assert_eq!(read.approval_limit, None);
        assert_eq!(read.handover, None);
    }

    #[test]
    fn a_schedule_is_seconds() {
        let read = settings("adapter=http&url=https://shop.example&schedule=30, 120");
        assert_eq!(read.handover.unwrap().schedule_seconds, [30, 120]);
    }

    #[test]
    fn what_cannot_be_read_is_said_beside_what_can() {
        let form =
            "name=Acme&adapter=http&schedule=soon&window_days=x&scope_check=&scope_minimum=5";
        let (asked, read) = update(&Fields::of(form).unwrap(), "acme".to_owned());
        assert_eq!(asked.name.as_deref(), Some("Acme"));
        let status = read.unwrap_err();
        let faults = status.get_details_bad_request().unwrap().field_violations;
        let named: Vec<_> = faults.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(named, ["window_days", "schedule", "scope_check"]);
    }
}
