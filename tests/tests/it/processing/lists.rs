//! Rules and lists of the operator's own.

use super::{until, until_state};
use crate::{
    on_both,
    world::{World, eventually, order, unique},
};
use serde_json::json;
use std::fs;

on_both!(files_are_in_force_and_followed, a_file_with_faults_keeps_the_program_from_serving);

async fn files_are_in_force_and_followed(mut world: World) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (parties, rules) = (path("parties.csv"), path("rules.toml"));
    let review = |name: &str, country: &str| {
        format!(
            "[[rule]]\nname = \"{name}\"\noutcome = \"REVIEW\"\ndestinations = [\"{country}\"]\n"
        )
    };
    fs::write(&parties, "id,name\n1,Zenda Castle Estates\n").unwrap();
    fs::write(&rules, review("to-the-us", "US")).unwrap();
    world.restart_with(&[
        ("MERIDIAN__SCREENING__DENIED_PARTIES", &parties),
        ("MERIDIAN__SCREENING__FRAUD_RULES", &rules),
        ("MERIDIAN__SCREENING__RELOAD", "100ms"),
    ]);
    world.open_store(json!({"screening": {"denied_party": true, "fraud": true}})).await;
    let by = |order_id: &str, name: &str| {
        let mut order = order(order_id);
        order["buyer"]["name"] = name.into();
        order
    };
    world.place(&by("listed", "Castle Estates Zenda")).await;
    let cancelled = until_state(&world, "listed", "CANCELLED").await;
    assert_eq!(cancelled["screening"][1]["findings"][0]["rule"], "parties/1");
    assert_eq!(cancelled["screening"][0]["findings"][0]["rule"], "to-the-us");
    world.place(&by("review", "A Buyer")).await;
    until(&world, "review", |it| it["screening"][0]["state"] == "SCREENING_STATE_REVIEW").await;

    fs::write(&parties, "id,name\n1,Hentzau Shipping\n").unwrap();
    fs::write(&rules, review("to-france", "FR")).unwrap();
    eventually("the new files to be in force", || async {
        let id = unique("O");
        world.place(&by(&id, "Hentzau Shipping")).await;
        let over = until(&world, &id, |it| {
            it["state"] != "ORDER_STATE_RECEIVED"
                || it["screening"][1]["state"] != "SCREENING_STATE_PENDING"
        })
        .await;
        let found = &over["screening"][1]["findings"][0]["rule"];
        (found == "parties/1" && over["screening"][0]["findings"] == json!([])).then_some(())
    })
    .await;
}

async fn a_file_with_faults_keeps_the_program_from_serving(world: World) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.toml");
    fs::write(&path, "[[rule]]\nname = \"a\"\noutcome = \"SHRUG\"\n").unwrap();
    let rules = path.display().to_string();
    let refused = world.launch(&[("MERIDIAN__SCREENING__FRAUD_RULES", &rules)]).start();
    let said = refused.err().unwrap().to_string();
    for fault in ["has the outcome", "has no condition"] {
        assert!(said.contains(fault), "{said}");
    }
}
