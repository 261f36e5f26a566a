//! People of a merchant: entered, logged in, changed, shut out.

use crate::{
    lifecycle::erasure::shows,
    on_both,
    world::{Grpc, Http, STORE, World, eventually, order, order_path, raw, reason_of, unique},
};
use futures_util::{
    future::join_all,
    stream::{FuturesUnordered, StreamExt as _},
};
use http::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::scale;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use wire::accounts::v1::{
    LogInRequest, LogInResponse, account_service_client::AccountServiceClient,
};

on_both!(
    somebody_is_entered_chooses_a_password_and_works,
    what_ends_a_session_ends_it_at_once,
    a_stranger_who_guesses_is_stopped_and_shuts_nobody_out,
    a_stranger_is_not_in_the_way_of_who_is_known,
    a_crowd_at_the_door_keeps_nobody_out_who_is_known,
    who_is_locked_out_comes_in_with_a_password_that_is_given,
    of_a_change_and_a_log_out_at_once_nobody_stays_logged_in,
    nobody_learns_who_there_is,
    what_people_are_called_stands_with_them_alone,
    people_of_other_stores_are_not_there,
    every_store_has_logins_of_its_own,
    who_is_deleted_is_gone_and_what_they_did_stays,
    what_ends_in_one_process_ends_in_every_other,
    the_last_use_of_a_token_is_shown,
);

const OWN: &str = "correct horse battery";

/// Entered by a manager; what the answer says of them, with their first password.
pub(crate) async fn entered(world: &World, login: &str, role: &str) -> Value {
    let body = json!({
        "request_id": unique("user"), "login": login, "name": "Ada Example", "role": role,
    });
    world.http().post(&format!("/v1/stores/{STORE}/users"), &body).await.ok()
}

pub(crate) async fn log_in(
    grpc: &Grpc,
    login: &str,
    password: &str,
    device: &str,
) -> Result<LogInResponse, Status> {
    log_in_at(grpc, STORE, login, password, device).await
}

pub(crate) async fn log_in_at(
    grpc: &Grpc,
    store_id: &str,
    login: &str,
    password: &str,
    device: &str,
) -> Result<LogInResponse, Status> {
    let mut accounts = AccountServiceClient::new(grpc.anonymous().called());
    let (login, password, device) = (login.to_owned(), password.to_owned(), device.to_owned());
    let store_id = store_id.to_owned();
    let asked = LogInRequest { store_id, login, password, device };
    Ok(accounts.log_in(asked).await?.into_inner())
}

async fn change_password(http: &Http, old: &str, new: &str) -> crate::world::Answer {
    let body = json!({"old_password": old, "new_password": new});
    http.post("/v1/session:changePassword", &body).await
}

/// Somebody who has chosen their password, and is logged in.
pub(crate) async fn at_work(world: &World, login: &str, role: &str) -> (Value, LogInResponse) {
    let user = entered(world, login, role).await;
    let first = user["password"].as_str().unwrap();
    let grpc = world.grpc().await;
    let session = log_in(&grpc, login, first, "").await.unwrap();
    let changed = change_password(&world.http().token(&session.secret), first, OWN).await.ok();
    let text = |member: &str| changed[member].as_str().unwrap().to_owned();
    let (secret, device) = (text("secret"), text("device"));
    (user, LogInResponse { secret, device, session: None })
}

async fn update(world: &World, user: &Value, change: Value) -> Value {
    let mut body = change;
    body["request_id"] = unique("update").into();
    let path = format!("/v1/stores/{STORE}/users/{}", user["user_id"].as_str().unwrap());
    world.http().send(Method::PATCH, &path, body.to_string()).await.ok()
}

async fn somebody_is_entered_chooses_a_password_and_works(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let users = format!("/v1/stores/{STORE}/users");
    let body = json!({
        "request_id": "u-1", "login": "ada@shop.example", "name": "Ada", "role": "ROLE_AGENT",
    });
    let made = world.http().post(&users, &body).await.ok();
    let first = made["password"].as_str().unwrap().to_owned();
    assert_eq!((&made["password_is_temporary"], &made["version"]), (&json!(true), &json!("1")));
    let again = world.http().post(&users, &body).await.ok();
    assert_eq!((&again["user_id"], &again["password"]), (&made["user_id"], &json!("")));
    let taken = json!({
        "request_id": "u-2", "login": "ADA@shop.example", "name": "B", "role": "ROLE_VIEWER",
    });
    world.http().post(&users, &taken).await.refused(409, "LOGIN_TAKEN");
    let platform = json!({
        "request_id": "u-3", "login": "x", "name": "", "role": "ROLE_PLATFORM",
    });
    let refused = world.http().post(&users, &platform).await;
    refused.refused(400, "INVALID_FIELDS");
    for field in ["login", "name", "role"] {
        assert!(refused.text().contains(&format!("\"{field}\"")), "{}", refused.text());
    }

    let grpc = world.grpc().await;
    let session = log_in(&grpc, "Ada@Shop.example", &first, "").await.unwrap();
    let http = world.http().token(&session.secret);
    http.get(&order_path("O-1")).await.refused(403, "PASSWORD_IS_TEMPORARY");
    let own = http.get("/v1/session").await.ok();
    assert_eq!(own["user"]["user_id"], made["user_id"]);
    assert_eq!((&own["store_id"], &own["role"]), (&json!(STORE), &json!("ROLE_AGENT")));
    change_password(&http, "not the old one", OWN).await.refused(401, "LOGIN_FAILED");
    for bad in ["short", "ada@shop.example", &first, &"x".repeat(129)] {
        change_password(&http, &first, bad).await.refused(400, "INVALID_FIELDS");
    }
    let other = log_in(&grpc, "ada@shop.example", &first, "").await.unwrap();
    let until = http.get("/v1/session").await.ok()["expire_time"].clone();
    let changed = change_password(&http, &first, OWN).await.ok();
    // Both secrets are over; another one goes on, for as long as the old one would have.
    for over in [&session.secret, &other.secret] {
        let over = world.http().token(over);
        over.get("/v1/session").await.refused(401, "UNAUTHENTICATED");
    }
    let http = world.http().token(changed["secret"].as_str().unwrap());
    assert_eq!(http.get(&order_path("O-1")).await.status, 200);
    assert_eq!(http.get("/v1/session").await.ok()["expire_time"], until);
    assert_eq!(
        log_in(&grpc, "ada@shop.example", &first, "").await.unwrap_err().code(),
        Code::Unauthenticated
    );

    // What they do is done in their name.
    let refund = json!({"request_id": "r-1", "shipping_amount": "1.00"});
    let refund = http.post(&format!("{}/refunds", order_path("O-1")), &refund).await.ok();
    let by = format!("MERCHANT:{}", made["user_id"].as_str().unwrap());
    assert_eq!(refund["created_by"], by);
    http.get(&users).await.refused(403, "ROLE_FORBIDS");
    let listed = world.http().get(&users).await.ok();
    assert_eq!(listed["users"].as_array().unwrap().len(), 1);
    assert_eq!(listed["users"][0]["password"], "");
    // A token has no password and no session.
    let manager = world.http().token(&world.token("ROLE_MANAGER").await);
    manager.post("/v1/session:end", &json!({})).await.refused(400, "NOT_A_SESSION");
    change_password(&manager, OWN, "another password").await.refused(400, "NOT_A_SESSION");
    assert_eq!(manager.get("/v1/session").await.ok()["user"], Value::Null);
}

async fn what_ends_a_session_ends_it_at_once(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let grpc = world.grpc().await;
    let (user, session) = at_work(&world, "ada", "ROLE_VIEWER").await;
    let http = world.http().token(&session.secret);
    assert_eq!(http.get(&order_path("O-1")).await.status, 200);
    let ship = json!({"request_id": "s", "lines": [{"cart_item_id": "L1", "quantity": 1}]});
    http.post(&format!("{}:ship", order_path("O-1")), &ship).await.refused(403, "ROLE_FORBIDS");
    let agent = update(&world, &user, json!({"role": "ROLE_AGENT"})).await;
    assert_eq!((&agent["role"], &agent["version"]), (&json!("ROLE_AGENT"), &json!("3")));
    let shipped = http.post(&format!("{}:ship", order_path("O-1")), &ship).await;
    assert_ne!(shipped.status, 403, "{}", shipped.text());

    http.post("/v1/session:end", &json!({})).await.ok();
    http.get("/v1/session").await.refused(401, "UNAUTHENTICATED");
    let session = log_in(&grpc, "ada", OWN, "").await.unwrap();
    let http = world.http().token(&session.secret);
    update(&world, &user, json!({"disabled": true})).await;
    http.get("/v1/session").await.refused(401, "UNAUTHENTICATED");
    let refused = log_in(&grpc, "ada", OWN, "").await.unwrap_err();
    assert_eq!(reason_of(&refused), "LOGIN_FAILED");
    update(&world, &user, json!({"disabled": false})).await;
    http.get("/v1/session").await.refused(401, "UNAUTHENTICATED");
    let session = log_in(&grpc, "ada", OWN, "").await.unwrap();
    let http = world.http().token(&session.secret);
    let reset = update(&world, &user, json!({"reset_password": true})).await;
    http.get("/v1/session").await.refused(401, "UNAUTHENTICATED");
    let given = reset["password"].as_str().unwrap();
    log_in(&grpc, "ada", given, "").await.unwrap();
    let stale = json!({"request_id": "v", "name": "A", "version": "1"});
    let path = format!("/v1/stores/{STORE}/users/{}", user["user_id"].as_str().unwrap());
    let answer = world.http().send(Method::PATCH, &path, stale.to_string()).await;
    answer.refused(409, "VERSION_MISMATCH");

    // Nobody gives themselves another role.
    let (bob, session) = at_work(&world, "bob", "ROLE_MANAGER").await;
    let own = world.http().token(&session.secret);
    let path = format!("/v1/stores/{STORE}/users/{}", bob["user_id"].as_str().unwrap());
    let body = json!({"request_id": "b", "disabled": true}).to_string();
    own.send(Method::PATCH, &path, body).await.refused(400, "OWN_ACCOUNT");
}

async fn a_stranger_who_guesses_is_stopped_and_shuts_nobody_out(world: World) {
    world.open_store(json!({})).await;
    let grpc = world.grpc().await;
    let (_, session) = at_work(&world, "ada", "ROLE_AGENT").await;
    for number in 0..10 {
        let refused =
            log_in(&grpc, "ADA", &format!("guess number {number}"), "").await.unwrap_err();
        assert_eq!(reason_of(&refused), "LOGIN_FAILED");
    }
    let refused = log_in(&grpc, "ada", OWN, "").await.unwrap_err();
    assert_eq!(
        (refused.code(), &*reason_of(&refused)),
        (Code::ResourceExhausted, "TOO_MANY_ATTEMPTS")
    );
    let wait = refused.get_details_retry_info().unwrap().retry_delay.unwrap();
    assert!(wait > Duration::from_mins(10) && wait <= Duration::from_mins(15), "{wait:?}");
    // Ada comes from where she has been before.
    let again = log_in(&grpc, "ada", OWN, &session.device).await.unwrap();
    // Her device opens nothing, and is nobody else's.
    let refused = log_in(&grpc, "ada", "a wrong password", &again.device).await.unwrap_err();
    assert_eq!(reason_of(&refused), "LOGIN_FAILED");
    let (_, other) = at_work(&world, "bob", "ROLE_AGENT").await;
    // Not one that was given before the password was changed, nor one in which a bit is another.
    let changed = if again.device.starts_with('A') { "B" } else { "A" };
    let forged = format!("{changed}{}", &again.device[1..]);
    for device in [other.device, "x".to_owned(), forged] {
        let refused = log_in(&grpc, "ada", OWN, &device).await.unwrap_err();
        assert_eq!(reason_of(&refused), "TOO_MANY_ATTEMPTS");
    }
    // Each failure that is about somebody stands in the log of the store, gathered, and not as theirs.
    eventually("the attempts to be in the log", || async {
        let sql = "SELECT actor_id, body FROM facts WHERE kind = 'access.denied'";
        let rows = world.database.rows(sql);
        let theirs = rows.iter().find(|row| row[1].contains("LOGIN_FAILED"));
        theirs.map(|row| assert_eq!(row[0], "unknown", "{row:?}"))
    })
    .await;
}

/// Whoever guesses without being anybody is in nobody's way who is at work.
async fn a_stranger_is_not_in_the_way_of_who_is_known(world: World) {
    world.open_store(json!({})).await;
    let grpc = world.grpc().await;
    let (user, session) = at_work(&world, "ada", "ROLE_AGENT").await;
    let own = format!("change {}", user["user_id"].as_str().unwrap());
    for _ in 0..12 {
        log_in(&grpc, &own, "a wrong password", "").await.unwrap_err();
    }
    let http = world.http().token(&session.secret);
    change_password(&http, OWN, "another password").await.ok();
    // What no login can be is nobody's, whatever the database makes of it.
    for odd in ["a\0b", "a\u{1F389}", "' OR 1=1 --"] {
        let refused = log_in(&grpc, odd, "a wrong password", "").await.unwrap_err();
        assert_eq!(reason_of(&refused), "LOGIN_FAILED", "{odd:?}");
    }
}

/// Neither who opens calls and says nothing, nor who guesses as fast as they can.
async fn a_crowd_at_the_door_keeps_nobody_out_who_is_known(world: World) {
    const LOG_IN: &str = "/meridian.accounts.v1.AccountService/LogIn";
    world.open_store(json!({})).await;
    let (_, known) = at_work(&world, "ada", "ROLE_AGENT").await;
    let (crowd, own) = (world.grpc().await, world.grpc().await);
    let silent = crowd.anonymous();
    let silent = join_all((0..40).map(|_| raw::call_without_a_message(&silent, LOG_IN)));
    let guesses = async {
        let crowd = &crowd;
        let guess = async move |number| log_in(crowd, &format!("user-{number}"), OWN, "").await;
        let mut guesses: FuturesUnordered<_> = (0..140).map(guess).collect();
        // Once strangers have no place left, whoever is known comes in.
        while let Some(guessed) = guesses.next().await {
            if reason_of(&guessed.unwrap_err()) == "OVERLOADED" {
                break;
            }
        }
        log_in(&own, "ada", OWN, &known.device).await.unwrap();
        let left = guesses.len();
        assert!(left > 0, "nobody guesses any more");
        while guesses.next().await.is_some() {}
    };
    let (silent, ()) = tokio::join!(silent, guesses);
    let waited = silent.iter().filter(|status| status.code() == Code::DeadlineExceeded);
    assert_eq!(waited.count(), 40, "{silent:?}");
}

/// Strangers go on guessing; nothing that a manager gives can be guessed.
async fn who_is_locked_out_comes_in_with_a_password_that_is_given(world: World) {
    world.open_store(json!({})).await;
    let grpc = world.grpc().await;
    let (ada, _) = at_work(&world, "ada", "ROLE_AGENT").await;
    for _ in 0..10 {
        log_in(&grpc, "ada", "a wrong password", "").await.unwrap_err();
    }
    let refused = log_in(&grpc, "ada", OWN, "").await.unwrap_err();
    assert_eq!(reason_of(&refused), "TOO_MANY_ATTEMPTS");
    let reset = update(&world, &ada, json!({"reset_password": true})).await;
    let given = reset["password"].as_str().unwrap();
    let another = entered(&world, "bob", "ROLE_AGENT").await;
    let theirs = another["password"].as_str().unwrap();
    for login in ["ada", "nobody"] {
        let refused = log_in(&grpc, login, theirs, "").await.unwrap_err();
        assert_eq!(reason_of(&refused), "LOGIN_FAILED", "{login}");
    }
    let refused = log_in(&grpc, "ada", "a wrong password", "").await.unwrap_err();
    assert_eq!(reason_of(&refused), "TOO_MANY_ATTEMPTS");
    let session = log_in(&grpc, "ada", given, "").await.unwrap();
    let http = world.http().token(&session.secret);
    // Nobody chooses one that would be let through.
    let refused = change_password(&http, given, theirs).await;
    refused.refused(400, "INVALID_FIELDS");
    assert!(refused.text().contains("mrp_"), "{}", refused.text());
    change_password(&http, given, OWN).await.ok();
}

/// Whoever logs out while the password is being changed is out.
async fn of_a_change_and_a_log_out_at_once_nobody_stays_logged_in(world: World) {
    world.open_store(json!({})).await;
    let grpc = world.grpc().await;
    let (_, mut session) = at_work(&world, "ada", "ROLE_AGENT").await;
    let mut own = OWN.to_owned();
    for round in 0..scale::pick(3, 20) {
        let http = world.http().token(&session.secret);
        let new = format!("the password number {round}");
        let end = json!({});
        let (changed, ended) =
            tokio::join!(change_password(&http, &own, &new), http.post("/v1/session:end", &end));
        http.get("/v1/session").await.refused(401, "UNAUTHENTICATED");
        if changed.status == 200 {
            own = new;
        } else {
            assert_eq!(ended.status, 200, "{} {}", changed.text(), ended.text());
        }
        session = log_in(&grpc, "ada", &own, &session.device).await.unwrap();
    }
}

async fn nobody_learns_who_there_is(world: World) {
    world.open_store(json!({})).await;
    let grpc = world.grpc().await;
    at_work(&world, "ada", "ROLE_AGENT").await;
    // In turns, so that whatever else the machine does is done to both.
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..9 {
        for (login, fastest) in ["ada", "nobody"].into_iter().zip(&mut fastest) {
            let began = Instant::now();
            let refused = log_in(&grpc, login, "a wrong password", "").await.unwrap_err();
            *fastest = began.elapsed().min(*fastest);
            assert_eq!(refused.code(), Code::Unauthenticated);
            assert_eq!(refused.message(), "LOGIN_FAILED: the login or the password is wrong");
        }
    }
    // Both took the time of a hash, which is most of it.
    let [known, unknown] = fastest;
    assert!(unknown * 3 > known * 2 && known * 3 > unknown * 2, "{fastest:?}");
}

async fn what_people_are_called_stands_with_them_alone(mut world: World) {
    const CANARIES: [&str; 3] = ["canary-login", "Canary Name", OWN];
    world.open_store(json!({})).await;
    let grpc = world.grpc().await;
    let (user, _) = at_work(&world, "canary-login@x", "ROLE_AGENT").await;
    update(&world, &user, json!({"name": "Canary Name"})).await;
    log_in(&grpc, "canary-login@x", "canary-wrong-password", "").await.unwrap_err();
    log_in(&grpc, "canary-login-of-nobody", "canary-wrong-password", "").await.unwrap_err();
    let log = world.process().log();
    // What was denied is in the log when it has ended.
    assert!(world.terminate().success());
    for canary in CANARIES.into_iter().chain(["canary-wrong-password"]) {
        for (table, column) in [
            ("facts", "body"),
            ("tokens", "doc"),
            ("stores", "doc"),
            ("sessions", "doc"),
            ("claims", "claim_key"),
            ("receipts", "answer"),
        ] {
            let rows = world.database.rows(&format!("SELECT {column} FROM {table}"));
            let shown = rows.iter().flatten().any(|text| shows(text, canary));
            assert!(!shown, "{canary} in {table}");
        }
        assert!(!log.contains(canary), "{canary} is in the log:\n{log}");
    }
    let docs = world.database.rows("SELECT doc FROM users");
    assert!(docs.iter().flatten().any(|doc| doc.contains("canary-login")));
    assert!(!docs.iter().flatten().any(|doc| doc.contains(OWN)), "a password is kept");
}

async fn people_of_other_stores_are_not_there(world: World) {
    world.open_store(json!({})).await;
    world.open_store_named("other", "other-guid", json!({})).await;
    let body = json!({
        "request_id": "u-1", "login": "theirs", "name": "T", "role": "ROLE_MANAGER",
    });
    let theirs = world.http().post("/v1/stores/other/users", &body).await.ok();
    let manager = world.http().token(&world.token("ROLE_MANAGER").await);
    manager.get("/v1/stores/other/users").await.refused(404, "STORE_NOT_FOUND");
    let listed = manager.get(&format!("/v1/stores/{STORE}/users")).await.ok();
    assert_eq!(listed["users"], json!([]));
    let id = theirs["user_id"].as_str().unwrap();
    let change = json!({"request_id": "x", "disabled": true}).to_string();
    let path = format!("/v1/stores/{STORE}/users/{id}");
    manager.send(Method::PATCH, &path, change).await.refused(404, "USER_NOT_FOUND");
}

/// What one store's people are called is nobody's business elsewhere.
async fn every_store_has_logins_of_its_own(world: World) {
    world.open_store(json!({})).await;
    world.open_store_named("other", "other-guid", json!({})).await;
    let ours = entered(&world, "ada", "ROLE_AGENT").await;
    let body = json!({
        "request_id": "u-1", "login": "ADA", "name": "Another Ada", "role": "ROLE_VIEWER",
    });
    let theirs = world.http().post("/v1/stores/other/users", &body).await.ok();
    let grpc = world.grpc().await;
    let [own, other] = [&ours, &theirs].map(|user| user["password"].as_str().unwrap());
    for (store, password, user) in [(STORE, own, &ours), ("other", other, &theirs)] {
        let session = log_in_at(&grpc, store, "ada", password, "").await.unwrap();
        let of = session.session.unwrap();
        assert_eq!(
            (of.store_id.as_str(), &json!(of.user.unwrap().user_id)),
            (store, &user["user_id"])
        );
    }
    // Nor is somebody shut out by guesses at a namesake elsewhere.
    for (store, password) in [(STORE, other), ("other", own), ("nobodys", own)] {
        let refused = log_in_at(&grpc, store, "ada", password, "").await.unwrap_err();
        assert_eq!(refused.message(), "LOGIN_FAILED: the login or the password is wrong");
    }
    for _ in 0..10 {
        log_in_at(&grpc, "other", "ada", "a wrong password", "").await.unwrap_err();
    }
    log_in_at(&grpc, STORE, "ada", own, "").await.unwrap();
    let refused = log_in_at(&grpc, "", "ada", own, "").await.unwrap_err();
    assert_eq!(reason_of(&refused), "INVALID_FIELDS");
}

async fn who_is_deleted_is_gone_and_what_they_did_stays(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let grpc = world.grpc().await;
    let body = json!({
        "request_id": "u-1", "login": "ada", "name": "Ada Canary", "role": "ROLE_MANAGER",
    });
    let users = format!("/v1/stores/{STORE}/users");
    let ada = world.http().post(&users, &body).await.ok();
    let first = ada["password"].as_str().unwrap();
    let session = log_in(&grpc, "ada", first, "").await.unwrap();
    let changed = change_password(&world.http().token(&session.secret), first, OWN).await.ok();
    let own = world.http().token(changed["secret"].as_str().unwrap());
    let refund = json!({"request_id": "r-1", "shipping_amount": "1.00"});
    let refund = own.post(&format!("{}/refunds", order_path("O-1")), &refund).await.ok();
    let id = ada["user_id"].as_str().unwrap();
    let delete = async |http: &Http, id: &str, request: &str| {
        let path = format!("{users}/{id}?request_id={request}");
        http.send(Method::DELETE, &path, "").await
    };
    delete(&own, id, "d-0").await.refused(400, "OWN_ACCOUNT");
    let (_, agent) = at_work(&world, "bob", "ROLE_AGENT").await;
    delete(&world.http().token(&agent.secret), id, "d-0").await.refused(403, "ROLE_FORBIDS");
    assert_eq!(own.get("/v1/session").await.status, 200);

    for _ in 0..2 {
        assert_eq!(delete(&world.http(), id, "d-1").await.ok(), json!({}));
    }
    own.get("/v1/session").await.refused(401, "UNAUTHENTICATED");
    let refused = log_in(&grpc, "ada", OWN, "").await.unwrap_err();
    assert_eq!(reason_of(&refused), "LOGIN_FAILED");
    delete(&world.http(), id, "d-2").await.refused(404, "USER_NOT_FOUND");
    let listed = world.http().get(&users).await.ok();
    assert_eq!(listed["users"].as_array().unwrap().len(), 1);
    for (table, column) in [("users", "doc"), ("sessions", "doc"), ("claims", "holder")] {
        let rows = world.database.rows(&format!("SELECT {column} FROM {table}"));
        let named = |text: &String| text.contains(id) || text.contains("Canary");
        assert!(!rows.iter().flatten().any(named), "{table}");
    }
    // What they did is still theirs, and that they are gone stands beside it.
    let kept = world.http().get(&crate::world::refund_path(&refund)).await.ok();
    assert_eq!(kept["created_by"], format!("MERCHANT:{id}"));
    let kinds = world.database.rows("SELECT body FROM facts WHERE kind = 'user.deleted'");
    assert!(kinds.len() == 1 && kinds[0][0].contains(id), "{kinds:?}");
    // The request that entered them is known, and names nobody any more.
    let again = world.http().post(&users, &body).await.ok();
    assert_eq!((&again["user_id"], &again["login"]), (&ada["user_id"], &json!("")));
    let body = json!({
        "request_id": "u-2", "login": "ada", "name": "Ada", "role": "ROLE_VIEWER",
    });
    let new = world.http().post(&users, &body).await.ok();
    assert_ne!(new["user_id"], ada["user_id"]);
}

async fn what_ends_in_one_process_ends_in_every_other(world: World) {
    world.open_store(json!({})).await;
    let second = world.launch(&[]).start().unwrap();
    let there = Http::to(second.http());
    // Remembered there from now on.
    let known = async |secret: &str| {
        assert_eq!(there.token(secret).get("/v1/session").await.status, 200);
    };
    let over = async |secret: &str, what: &str| {
        let there = there.token(secret);
        let ended = Instant::now();
        eventually(what, || async { (there.get("/v1/session").await.status == 401).then_some(()) })
            .await;
        println!("{what} after {:?}", ended.elapsed());
    };
    let body = json!({"request_id": unique("t"), "name": "t", "role": "ROLE_VIEWER"});
    let made = world.http().post(&format!("/v1/stores/{STORE}/tokens"), &body).await.ok();
    let token = made["secret"].as_str().unwrap();
    known(token).await;
    let id = made["token_id"].as_str().unwrap();
    let revoke = format!("/v1/stores/{STORE}/tokens/{id}:revoke");
    world.http().post(&revoke, &json!({"request_id": unique("r")})).await.ok();
    over(token, "the token is revoked").await;

    let (ada, session) = at_work(&world, "ada", "ROLE_AGENT").await;
    known(&session.secret).await;
    world.http().token(&session.secret).post("/v1/session:end", &json!({})).await.ok();
    over(&session.secret, "the session has ended").await;
    let again = log_in(&world.grpc().await, "ada", OWN, "").await.unwrap();
    known(&again.secret).await;
    update(&world, &ada, json!({"disabled": true})).await;
    over(&again.secret, "they are shut out").await;
    let (bob, session) = at_work(&world, "bob", "ROLE_AGENT").await;
    known(&session.secret).await;
    let id = bob["user_id"].as_str().unwrap();
    let path = format!("/v1/stores/{STORE}/users/{id}?request_id=d");
    world.http().send(Method::DELETE, &path, "").await.ok();
    over(&session.secret, "they are deleted").await;
    // Another role is theirs there, too.
    let (eve, session) = at_work(&world, "eve", "ROLE_MANAGER").await;
    known(&session.secret).await;
    update(&world, &eve, json!({"role": "ROLE_VIEWER"})).await;
    let there = there.token(&session.secret);
    eventually("the role to be another", || async {
        (there.get("/v1/session").await.ok()["role"] == "ROLE_VIEWER").then_some(())
    })
    .await;
}

async fn the_last_use_of_a_token_is_shown(mut world: World) {
    world.open_store(json!({})).await;
    let tokens = format!("/v1/stores/{STORE}/tokens");
    let body = json!({"request_id": "t-1", "name": "t", "role": "ROLE_VIEWER"});
    let made = world.http().post(&tokens, &body).await.ok();
    let shown = async |world: &World| {
        world.http().get(&tokens).await.ok()["tokens"][0]["last_use_time"].clone()
    };
    assert_eq!(shown(&world).await, Value::Null);
    let http = world.http().token(made["secret"].as_str().unwrap());
    http.get("/v1/session").await.ok();
    let used = eventually("the use to be written down", || async {
        Some(shown(&world).await).filter(|used| !used.is_null())
    })
    .await;
    assert!(used.as_str().unwrap() >= made["create_time"].as_str().unwrap(), "{used} {made}");
    // The last one before the end is not lost.
    http.get("/v1/session").await.ok();
    assert!(world.terminate().success());
    world.start();
    assert!(shown(&world).await.as_str().unwrap() > used.as_str().unwrap());
}
