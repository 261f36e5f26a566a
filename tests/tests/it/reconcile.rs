//! `meridian reconcile` beside books in which something was made wrong: each kind is found and
//! named, and nothing else is.

use crate::{
    lifecycle::stripe::{paid_by, settings, with_stripe},
    on_both,
    world::{STORE, World, order, order_path, unique},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, process::ExitStatus};
use testkit::{localstripe::Server, process::Launch};

on_both!(each_kind_of_mismatch_is_found_and_named);

/// An order whose books, or whose provider's books, are made wrong.
struct Case {
    /// The breaks that are to be found, the injected one first. The order is called after it.
    breaks: &'static [&'static str],
    paid: Paid,
    /// How a refund of 1.00 is made before, if one is.
    refund: Option<&'static str>,
    wrong: fn(&mut Wrong<'_>),
}

#[derive(Clone, Copy)]
enum Paid {
    /// Captured, with this reference at the sandbox.
    Sandbox(&'static str),
    Authorized(&'static str),
    /// Not confirmed, so that the order stays RECEIVED.
    Pending,
    /// At Stripe, by a card that was captured or only authorised there.
    StripeCaptured,
    StripeAuthorized,
}

/// The one that happens by itself, as soon as the provider is asked.
const REVERSED: &str = "LEG_REVERSED_THERE";
const PLAIN: Paid = Paid::Sandbox("pay");
const LATER: Paid = Paid::Sandbox("sandbox-settle-later-3600000");
const ORIGINAL: Option<&str> = Some("REFUND_METHOD_ORIGINAL");
const BY_HAND: Option<&str> = Some("REFUND_METHOD_BANK_DEPOSIT");

const CASES: &[Case] = &[
    Case {
        breaks: &["LEG_SETTLED_THERE"],
        paid: PLAIN,
        refund: ORIGINAL,
        wrong: |it| it.leg("SENT", "PENDING"),
    },
    Case {
        breaks: &["LEG_SETTLED_AFTER_FAILURE", "WENT_BACK_ELSEWHERE"],
        paid: PLAIN,
        refund: ORIGINAL,
        wrong: |it| it.leg("FAILED", "FAILED"),
    },
    Case {
        breaks: &["LEG_SETTLED_AFTER_VOID", "WENT_BACK_ELSEWHERE"],
        paid: PLAIN,
        refund: ORIGINAL,
        wrong: |it| it.leg("VOIDED", "VOIDED"),
    },
    Case {
        breaks: &["LEG_NEVER_SENT", "WENT_BACK_ELSEWHERE"],
        paid: PLAIN,
        refund: ORIGINAL,
        wrong: |it| {
            it.leg("PENDING", "PENDING");
            it.doc["refunds"][0]["legs"][0]["attempts"] = 0.into();
        },
    },
    Case {
        breaks: &["LEG_ACCEPTED_THERE"],
        paid: LATER,
        refund: ORIGINAL,
        wrong: |it| it.leg("SENT", "PENDING"),
    },
    Case { breaks: &["LEG_ACCEPTED_TOO_LONG"], paid: LATER, refund: ORIGINAL, wrong: |_| {} },
    Case {
        breaks: &["LEG_ON_ITS_WAY_AFTER_GIVING_UP", "WENT_BACK_ELSEWHERE"],
        paid: LATER,
        refund: ORIGINAL,
        wrong: |it| it.leg("FAILED", "FAILED"),
    },
    Case {
        breaks: &["LEG_NOT_SETTLED_THERE"],
        paid: LATER,
        refund: ORIGINAL,
        wrong: |it| it.leg("SETTLED", "SUCCEEDED"),
    },
    Case {
        breaks: &[REVERSED, "DID_NOT_GO_BACK"],
        paid: Paid::Sandbox("sandbox-reverse-later-1"),
        refund: ORIGINAL,
        wrong: |_| {},
    },
    Case {
        breaks: &["LEG_DECLINED_THERE"],
        paid: Paid::Sandbox("sandbox-decline-here"),
        refund: ORIGINAL,
        // It was taken first, and refused later; that was not heard.
        wrong: |it| {
            it.leg("ACCEPTED", "PENDING");
            it.move_payment("sandbox-refuse-later-0");
            it.post_leg();
        },
    },
    Case {
        breaks: &["LEG_REFERENCE_DIFFERS"],
        paid: PLAIN,
        refund: ORIGINAL,
        wrong: |it| it.doc["refunds"][0]["legs"][0]["reference"] = "sbx_another".into(),
    },
    Case {
        breaks: &["LEG_LOST_THERE"],
        paid: PLAIN,
        refund: ORIGINAL,
        wrong: |it| it.forget_leg(),
    },
    Case {
        breaks: &["LEG_NEVER_ARRIVED"],
        paid: PLAIN,
        refund: ORIGINAL,
        wrong: |it| {
            it.leg("SENT", "PENDING");
            it.forget_leg();
        },
    },
    Case {
        breaks: &["LEG_NOT_SENT"],
        paid: PLAIN,
        refund: ORIGINAL,
        wrong: |it| {
            it.leg("PENDING", "PENDING");
            it.forget_leg();
            it.there(10_000);
        },
    },
    Case { breaks: &["PAYOUT_WAITING"], paid: PLAIN, refund: BY_HAND, wrong: |_| {} },
    Case {
        breaks: &["REFUND_HELD"],
        paid: PLAIN,
        refund: BY_HAND,
        wrong: |it| {
            it.doc["refunds"][0]["state"] = "HELD".into();
            it.doc["refunds"][0]["hold"] = json!({"kind": "APPROVAL"});
        },
    },
    Case {
        breaks: &["PAYMENT_FAILED_THERE"],
        paid: Paid::Authorized("auth"),
        refund: None,
        wrong: |it| it.move_payment("sandbox-lapse-later-0"),
    },
    Case {
        breaks: &["CAPTURE_NOT_BOOKED"],
        paid: Paid::Authorized("auth"),
        refund: None,
        wrong: |it| it.move_payment("sandbox-collect-later-0"),
    },
    Case {
        breaks: &["AUTHORISATION_NOT_BOOKED"],
        paid: Paid::Pending,
        refund: None,
        wrong: |it| it.move_payment("sandbox-authorize-later-0"),
    },
    Case {
        breaks: &["WENT_BACK_ELSEWHERE"],
        paid: PLAIN,
        refund: ORIGINAL,
        wrong: |it| it.there(-10_000),
    },
    Case {
        breaks: &["DID_NOT_GO_BACK"],
        paid: PLAIN,
        refund: ORIGINAL,
        wrong: |it| it.there(10_000),
    },
    Case {
        breaks: &["RELEASED_ELSEWHERE"],
        paid: Paid::Authorized("auth"),
        refund: None,
        wrong: |it| it.authorized_there(1_140_000),
    },
    Case {
        breaks: &["AUTHORISED_MORE"],
        paid: Paid::Authorized("auth"),
        refund: None,
        wrong: |it| it.authorized_there(1_160_000),
    },
    Case {
        breaks: &["PROVIDER_NOT_CONFIGURED"],
        paid: PLAIN,
        refund: None,
        wrong: |it| it.doc["tenders"][0]["provider"] = "nobody".into(),
    },
    Case {
        breaks: &["PROVIDER_SILENT"],
        paid: PLAIN,
        refund: None,
        wrong: |it| it.move_payment("sandbox-down-99"),
    },
    Case {
        breaks: &["LEG_DIFFERS", "DID_NOT_GO_BACK"],
        paid: Paid::StripeCaptured,
        refund: ORIGINAL,
        wrong: |it| it.doc["refunds"][0]["legs"][0]["amount"] = 20_000.into(),
    },
    Case {
        breaks: &["CAPTURE_NOT_THERE"],
        paid: Paid::StripeAuthorized,
        refund: None,
        wrong: |it| {
            it.doc["tenders"][0]["state"] = "CAPTURED".into();
            it.doc["tenders"][0]["captured"] = 1_150_000.into();
        },
    },
];

/// Something is made wrong of an order while nobody works on it.
struct Wrong<'w> {
    world: &'w World,
    order_id: &'w str,
    doc: Value,
}

impl Wrong<'_> {
    fn leg(&mut self, state: &str, refund: &str) {
        self.doc["refunds"][0]["state"] = refund.into();
        self.doc["refunds"][0]["legs"][0]["state"] = state.into();
    }

    /// The provider knows the payment by another name, and behaves by it.
    fn move_payment(&mut self, reference: &str) {
        self.doc["tenders"][0]["provider_reference"] = reference.into();
        if let Some(refund) = self.doc["refunds"].get_mut(0) {
            refund["legs"][0]["target"] = reference.into();
        }
    }

    fn leg_id(&self) -> String {
        self.doc["refunds"][0]["legs"][0]["leg_id"].as_str().unwrap().to_owned()
    }

    /// The sandbox has never heard of the leg.
    fn forget_leg(&self) {
        let sql = format!("DELETE FROM ledger_transfers WHERE transfer_key = '{}'", self.leg_id());
        self.world.database.rows(&sql);
    }

    /// The sandbox has done the leg.
    fn post_leg(&self) {
        let payment = self.account("sandbox");
        self.world.database.rows(&format!(
            "INSERT INTO ledger_transfers (store_id, transfer_key, from_account, \
             from_may_be_negative, to_account, to_may_be_negative, currency, amount, posted_at) \
             VALUES ('{STORE}', '{}', '{payment}', FALSE, 'sandbox:returned', FALSE, 'USD/2', \
             10000, 0)",
            self.leg_id(),
        ));
    }

    /// So much more stands of the payment at the sandbox.
    fn there(&self, more: i64) {
        let account = self.account("sandbox");
        self.world.database.rows(&format!(
            "UPDATE ledger_accounts SET balance = balance + {more} WHERE name = '{account}'"
        ));
    }

    fn authorized_there(&self, amount: i64) {
        let account = self.account("sandbox-authorized");
        self.world.database.rows(&format!(
            "INSERT INTO ledger_accounts (store_id, name, currency, balance, may_be_negative) \
             VALUES ('{STORE}', '{account}', 'USD/2', {amount}, FALSE)"
        ));
    }

    fn account(&self, kind: &str) -> String {
        let reference = self.doc["tenders"][0]["provider_reference"].as_str().unwrap();
        format!("{kind}:{}:t1:{reference}", self.order_id)
    }
}

impl Case {
    fn order_id(&self) -> String {
        self.breaks[0].replace('_', "-")
    }

    /// The order as its checkout hands it over.
    fn order(&self, server: &Server) -> Value {
        let id = self.order_id();
        let at_sandbox = |reference: &str, state: &str| {
            let mut made = order(&id);
            made["tenders"][0]["provider_reference"] = reference.into();
            made["tenders"][0]["state"] = format!("TENDER_STATE_{state}").into();
            made
        };
        match self.paid {
            Paid::Sandbox(reference) => at_sandbox(reference, "CAPTURED"),
            Paid::Authorized(reference) => at_sandbox(reference, "AUTHORIZED"),
            Paid::Pending => at_sandbox("pay", "PENDING"),
            Paid::StripeCaptured => paid_by(&id, &server.captured(11_500, "usd"), "CAPTURED"),
            Paid::StripeAuthorized => paid_by(&id, &server.authorized(11_500, "usd"), "AUTHORIZED"),
        }
    }

    async fn make(&self, world: &World, server: &Server) {
        let id = self.order_id();
        world.place(&self.order(server)).await;
        if !matches!(self.paid, Paid::Pending) {
            world.until_ready(&id).await;
        }
        let Some(method) = self.refund else { return };
        let asked = json!({"shipping_amount": "1.00", "refund_method": method});
        let refund = world.refund(&id, &asked).await.ok();
        // Each leg came as far as it comes by itself.
        let at = format!("{}/refunds/{}", order_path(&id), refund["refund_id"].as_str().unwrap());
        crate::world::eventually("the leg to be on its way", || async {
            let leg = world.http().get(&at).await.ok()["legs"][0].clone();
            let waits = leg["kind"] == "LEG_KIND_MANUAL";
            let states = ["LEG_STATE_SETTLED", "LEG_STATE_ACCEPTED", "LEG_STATE_FAILED"];
            (waits || states.contains(&leg["state"].as_str().unwrap())).then_some(())
        })
        .await;
    }

    fn make_wrong(&self, world: &World) {
        let id = self.order_id();
        let doc = &world.database.rows(&format!("SELECT doc FROM orders WHERE order_id = '{id}'"));
        let doc = serde_json::from_str(&doc[0][0]).unwrap();
        let mut wrong = Wrong { world, order_id: &id, doc };
        (self.wrong)(&mut wrong);
        let doc = wrong.doc.to_string().replace('\'', "''");
        let update = format!("UPDATE orders SET doc = '{doc}' WHERE order_id = '{id}'");
        world.database.rows(&update);
    }
}

/// What it says line by line, and its status.
fn reconcile(launch: &Launch, older_than: &str) -> (ExitStatus, Vec<Value>) {
    let output = launch.run(&["reconcile", "--older-than", older_than, "--json"]).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status, lines)
}

/// The names of the breaks of each order.
fn breaks(lines: &[Value]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines {
        let text = |member: &str| line[member].as_str().unwrap().to_owned();
        assert!(!text("close").is_empty() && !text("ours").is_empty(), "{line}");
        found.entry(text("order_id")).or_default().push(text("break"));
    }
    for names in found.values_mut() {
        names.sort();
    }
    found
}

async fn each_kind_of_mismatch_is_found_and_named(mut world: World) {
    let server = with_stripe(&mut world).await;
    for case in CASES {
        case.make(&world, &server).await;
    }
    // One in which nothing is wrong.
    world.ready(&order("fine")).await;
    let body = json!({"shipping_amount": "1.00", "request_id": unique("fine")});
    let refund = world.refund("fine", &body).await.ok();
    world.until_over(&refund).await;
    let launch = world.launch(&settings(&server.url()));
    assert!(world.terminate().success());
    let (_, mut before) = reconcile(&launch, "1h");
    before.pop();
    let itself = BTreeMap::from([(REVERSED.replace('_', "-"), vec![REVERSED.to_owned()])]);
    assert_eq!(breaks(&before), itself, "{before:#?}");
    for case in CASES {
        case.make_wrong(&world);
    }
    let (status, mut lines) = reconcile(&launch, "0s");
    assert_eq!(status.code(), Some(1), "{lines:#?}");
    let sum = lines.pop().unwrap();
    let expected = CASES.iter().map(|case| {
        let mut names: Vec<_> = case.breaks.iter().map(|name| (*name).to_owned()).collect();
        names.sort();
        (case.order_id(), names)
    });
    let expected: BTreeMap<_, _> = expected.collect();
    assert_eq!(breaks(&lines), expected, "{lines:#?}");
    assert_eq!(sum["breaks"], lines.len());
    println!("{} kinds of mismatch were injected and named", CASES.len());
}
