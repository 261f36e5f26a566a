//! The shop as its administrator sees it, by other calls than the adapter's.

use serde_json::{Value, json};
use testkit::vendure::Server;

pub struct Admin<'s> {
    url: &'s str,
    token: String,
}

impl<'s> Admin<'s> {
    pub async fn of(server: &'s Server) -> Self {
        let query = r#"mutation { login(username: "superadmin", password: "superadmin") {
            __typename } }"#;
        let answer = send(&server.url, "", query, Value::Null).await;
        let token = answer.headers()["vendure-auth-token"].to_str().unwrap().to_owned();
        Self { url: &server.url, token }
    }

    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        let answer: Value =
            send(self.url, &self.token, query, variables).await.json().await.unwrap();
        assert_eq!(answer.get("errors"), None);
        answer["data"].clone()
    }

    /// All orders with the platform's id, in whichever state.
    pub async fn orders(&self, platform_id: &str) -> Vec<Value> {
        let query = "query ($id: String!) {
            orders(options: { filter: { platformOrderId: { eq: $id } } }) { items {
                id code state orderPlacedAt currencyCode totalWithTax
                customer { emailAddress firstName lastName }
                shippingAddress {
                    fullName streetLine1 streetLine2 city province postalCode countryCode
                    phoneNumber
                }
                lines { quantity linePriceWithTax productVariant { sku } }
                shippingLines { priceWithTax shippingMethod { code } }
                payments { state amount method transactionId }
            } } }";
        let data = self.ask(query, json!({ "id": platform_id })).await;
        data["orders"]["items"].as_array().unwrap().clone()
    }

    /// The only order with the platform's id, which is placed and paid.
    pub async fn placed(&self, platform_id: &str) -> Value {
        let mut orders = self.orders(platform_id).await;
        assert_eq!(orders.len(), 1, "{platform_id}");
        let order = orders.remove(0);
        assert_eq!(order["state"], "PaymentSettled", "{platform_id}");
        assert!(order["orderPlacedAt"].is_string());
        assert_eq!(order["payments"].as_array().unwrap().len(), 1);
        order
    }
}

/// Ends the session of whoever holds the token, and all others of the same user.
pub async fn log_out(server: &Server, authorization: &str) {
    let token = authorization.strip_prefix("Bearer ").unwrap();
    let answer = send(&server.url, token, "mutation { logout { success } }", Value::Null).await;
    assert!(answer.text().await.unwrap().contains("true"));
}

async fn send(url: &str, token: &str, query: &str, variables: Value) -> reqwest::Response {
    let body = json!({ "query": query, "variables": variables });
    let request = reqwest::Client::new().post(url).bearer_auth(token).json(&body);
    request.send().await.unwrap()
}
