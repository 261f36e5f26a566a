//! Scenarios in a real Chromium; their steps stand in `tests/browser/scenarios.mjs`.

mod scenario;

use crate::world::{Backend, World};
use serde_json::Value;
use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};
use testkit::scale;

/// For whatever has to appear on a page, in milliseconds; long, because a loaded machine is no
/// fault.
const PATIENCE: (u64, u64) = (30_000, 300_000);

/// Plays a scenario, and answers what it saw.
async fn play(world: &World, scenario: &'static str, given: Value) -> Value {
    let mut given = given;
    given["base"] = format!("http://{}", world.process().http()).into();
    given["browser"] = chromium().into();
    given["patience"] = scale::pick(PATIENCE.0, PATIENCE.1).into();
    let played = tokio::task::spawn_blocking(move || driven(scenario, &given));
    played.await.unwrap()
}

fn driven(scenario: &str, given: &Value) -> Value {
    let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/driver.mjs");
    let mut node = Command::new("node")
        .arg(driver)
        .arg(scenario)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node is there: tools/install node browser");
    node.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{scenario}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn chromium() -> &'static str {
    let places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let found = places.into_iter().find(|place| Path::new(place).exists());
    found.expect("Chromium is there: tools/install browser")
}

/// Makes a test of each of these functions, on one database.
macro_rules! in_a_browser {
    ($($name:ident on $backend:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let settings = [("MERIDIAN__WEBHOOKS__ALLOW_LOOPBACK", "true")];
            scenario::$name(World::with(Backend::$backend, &settings)).await;
        }
    )+};
}

in_a_browser!(
    somebody_logs_in_and_out on Sqlite,
    without_javascript_too on Sqlite,
    somebody_new_chooses_a_password_is_shut_out_and_deleted on Postgresql,
    an_order_is_found_by_each_filter on Sqlite,
    what_was_quoted_is_what_was_booked on Postgresql,
    a_request_is_accepted_and_another_rejected on Sqlite,
    an_undo_is_refused_until_there_is_proof on Sqlite,
    a_refund_above_the_limit_is_approved_by_another on Postgresql,
    an_event_is_sent_again on Sqlite,
    what_was_refused_is_marked_in_the_form on Sqlite,
    settings_tokens_refunds_and_data_by_hand on Sqlite,
    what_waits_is_worked_off on Postgresql,
    an_endpoint_is_changed_and_goes on Sqlite,
    no_page_has_a_serious_finding_of_axe on Sqlite,
    nor_what_only_a_form_leads_to on Sqlite,
);
