//! The console: in a real browser, and as somebody else's page or a forger would call it.

mod browser;
mod by_hand;
mod forged;
mod unsure;
mod walls;
mod work;
mod zone;

use crate::world::{Http, STORE};
use http::Method;

/// A session in which forms are sent by hand.
struct Session {
    http: Http,
    form_token: String,
}

impl Session {
    /// Logs in to [`STORE`] as whoever has the token.
    async fn of(http: &Http, token: &str) -> Self {
        Self::of_store(http, token, STORE).await
    }

    async fn of_store(http: &Http, token: &str, store: &str) -> Self {
        let http = http.anonymous().with("content-type", "application/x-www-form-urlencoded");
        let answer = http.post_text("/console/login", format!("token={token}")).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        let http = http.with("cookie", cookie.split(';').next().unwrap());
        let page = http.get(&format!("/console/{store}/orders")).await.text();
        let form_token = page.split("name=\"csrf\" value=\"").nth(1).unwrap();
        Self { form_token: form_token.split('"').next().unwrap().to_owned(), http }
    }

    /// The path of a page of [`STORE`].
    async fn page(&self, path: &str) -> crate::world::Answer {
        self.http.get(&format!("/console/{STORE}/{path}")).await
    }

    /// Sends a form as its page would.
    async fn send(&self, path: &str, form: &str) -> crate::world::Answer {
        let form =
            format!("csrf={}&request_id={}&{form}", self.form_token, crate::world::unique("form"));
        self.http.send(Method::POST, &format!("/console/{STORE}/{path}"), form).await
    }
}
