//! Every page, form and table of the console, asked for what another store has.

use super::Session;
use crate::{
    access::fence::{CALLERS, NOBODY, OTHER, Theirs, two_stores},
    on_both,
    world::{Answer, Http, World},
};
use http::Method;

on_both!(every_page_of_another_store_is_that_of_none, no_list_has_anything_of_another_store);

/// Where the routes are; a new one is walked because it stands there.
const SCREENS: &str = include_str!("../../../../crates/console/src/screens.rs");

/// What forms ask for by the name of their button.
const DEEDS: &[&str] = &[
    "", "accept", "approve", "cancel", "change", "confirm", "delete", "hold", "let-in", "reject",
    "release", "reset", "retry", "role", "shut-out", "undo",
];

/// Enough of every form that nothing is wrong with it but whose it is.
const FORM: &str = "version=1&what=pieces&line=L1&quantity=1&reason=OUT_OF_STOCK&why=x&comment=x\
    &payment_reference=p&method=STORE_CREDIT&role=VIEWER&name=Eve&url=https%3A%2F%2Fhooks.example%2Fe\
    &external_order_id=E&external_order_number=N&check=FRAUD&state=CLEAR&login=eve&currency=EUR\
    &from=2026-01-01&to=2026-01-02&event_id=evt&sure=yes";

/// The paths of the pages of a store, and whether they take a form.
fn paths() -> Vec<(&'static str, bool)> {
    let routes = SCREENS.split(".route(").skip(1);
    let of_store = routes.filter_map(|route| {
        let path = route.split('"').nth(1)?;
        path.contains("{store_id}").then(|| (path, route.contains("post(")))
    });
    of_store.collect()
}

/// A path for a store, with ids that the other store has or that nobody has.
fn filled(path: &str, store: &str, theirs: &Theirs, known: bool) -> String {
    let path = path.replace("{store_id}", store);
    theirs.ids.iter().fold(path, |path, (name, id)| path.replace(name, &id_of(id, known)))
}

/// The id, or one of the same form that nobody has.
fn id_of(id: &str, known: bool) -> String {
    let (head, last) = id.split_at(id.len() - 1);
    let other = if last == "0" { "1" } else { "0" };
    format!("{head}{}", if known { last } else { other })
}

/// What an answer says, but for what is new in each and for whose ids were asked for.
fn said(answer: &Answer, store: &str, theirs: &Theirs, known: bool) -> (u16, String) {
    let once = "name=\"request_id\" value=\"";
    let mut parts = answer.text().split(once).map(str::to_owned).collect::<Vec<_>>();
    for part in parts.iter_mut().skip(1) {
        *part = part.split_once('"').unwrap().1.to_owned();
    }
    let location = answer.headers.get("location").map(|it| it.to_str().unwrap().to_owned());
    let text = format!("{}{}", parts.join(once), location.unwrap_or_default());
    let text = theirs.ids.iter().fold(text.replace(store, "{store}"), |text, (name, id)| {
        text.replace(&id_of(id, known), name)
    });
    (answer.status, text)
}

async fn asked(session: &Session, path: &str, form: Option<&str>) -> Answer {
    match form {
        None => session.http.get(path).await,
        Some(deed) => {
            let form = format!("csrf={}&request_id=r&do={deed}&{FORM}", session.form_token);
            session.http.send(Method::POST, path, form).await
        }
    }
}

/// Asks for what there is and for what there is not, and is refused in the same words. When a token
/// was last used may have come into the list of them meanwhile: then once more.
async fn same<A, B>(
    session: &Session,
    form: Option<&str>,
    theirs: &Theirs,
    (there, known): (A, bool),
    (nowhere, other): (B, bool),
) where
    A: Fn(&Theirs, bool) -> (String, &'static str),
    B: Fn(&Theirs, bool) -> (String, &'static str),
{
    let mut differ = String::new();
    for _ in 0..3 {
        let (path, store) = there(theirs, known);
        let answer = asked(session, &path, form).await;
        // What takes a form's place on its page is a refusal in a part of a page.
        let is_refused =
            [400, 404].contains(&answer.status) || answer.text().contains("class=\"refusal\"");
        assert!(is_refused, "{path} {form:?}: {}", answer.text());
        let one = said(&answer, store, theirs, known);
        let (path, store) = nowhere(theirs, other);
        let two = said(&asked(session, &path, form).await, store, theirs, other);
        if one == two {
            return;
        }
        differ = format!("{path} {form:?}: {one:?} but {two:?}");
    }
    panic!("{differ}");
}

async fn session(world: &World, curious: &Http) -> Session {
    Session::of_store(&world.http(), &curious.secret(), CALLERS).await
}

async fn every_page_of_another_store_is_that_of_none(world: World) {
    let (theirs, curious) = two_stores(&world).await;
    let session = session(&world, &curious).await;
    let paths = paths();
    assert!(paths.len() > 30, "the routes are not found where they stand: {paths:?}");
    for (path, takes_form) in paths {
        let shows = SCREENS.contains(&format!("\"{path}\", get(")) || !takes_form;
        let forms = DEEDS.iter().map(|deed| Some(*deed)).filter(|_| takes_form);
        for form in shows.then_some(None).into_iter().chain(forms) {
            let of =
                |store| move |theirs: &Theirs, known| (filled(path, store, theirs, known), store);
            same(&session, form, &theirs, (of(OTHER), true), (of(NOBODY), true)).await;
            // The other store's ids, in one's own.
            if path.matches('{').count() > 1 {
                same(&session, form, &theirs, (of(CALLERS), true), (of(CALLERS), false)).await;
            }
        }
    }
}

/// What would give the other store away.
fn traces(theirs: &Theirs) -> impl Iterator<Item = &str> {
    let words = ["A thing", "SKU-1", "buyer@", "secret-login", "secret-hook", "till", "orders/O-1"];
    let ids = theirs.ids.iter().map(|(_, id)| id.as_str()).filter(|id| *id != "O-1");
    words.into_iter().chain(ids)
}

async fn no_list_has_anything_of_another_store(world: World) {
    let (theirs, curious) = two_stores(&world).await;
    let curious = session(&world, &curious).await;
    let own = Session::of(&world.http(), &world.token("ROLE_MANAGER").await).await;
    let lists = paths().into_iter().filter(|(path, _)| {
        path.matches('{').count() == 1 && SCREENS.contains(&format!("\"{path}\", get("))
    });
    let lists = lists.map(|(path, _)| path.to_owned());
    let searched = ["q=O-1", "q=SKU-1", "q=buyer%40example.com", "q=E-1", "q=Buyer"]
        .map(|query| format!("/console/{{store_id}}/orders?{query}"));
    let mut seen = std::collections::BTreeSet::new();
    for path in lists.chain(searched) {
        let text = curious.http.get(&path.replace("{store_id}", CALLERS)).await.text();
        // What was searched for stands in its field and nowhere else.
        let sought = path.split("q=").nth(1).unwrap_or("-").replace("%40", "@");
        let found = traces(&theirs).find(|trace| !sought.contains(trace) && text.contains(trace));
        assert_eq!(found, None, "{path}: {text}");
        let theirs_of = own.http.get(&path.replace("{store_id}", OTHER)).await.text();
        seen.extend(traces(&theirs).filter(|trace| theirs_of.contains(trace)).map(str::to_owned));
    }
    // The other store's own pages do have all that was looked for.
    let unseen: Vec<_> = traces(&theirs).filter(|trace| !seen.contains(*trace)).collect();
    assert!(unseen.iter().all(|it| ["A thing", "SKU-1"].contains(it)), "{unseen:?}");
    let stores = curious.http.get("/console/stores").await.text();
    assert!(!stores.contains(&format!("/console/{OTHER}/")), "{stores}");
}
