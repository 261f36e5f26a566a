use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;

/// Where two records of a kind differ first, such as `refunds[0].total.customer`. What stands there
/// is not said: it may be what somebody wrote.
pub(super) fn between<T: Serialize>(one: &T, other: &T) -> String {
    let (Ok(one), Ok(other)) = (serde_json::to_value(one), serde_json::to_value(other)) else {
        return "what cannot be written".to_owned();
    };
    let mut path = String::new();
    descend(&one, &other, &mut path);
    if path.is_empty() { "the order".to_owned() } else { path }
}

fn descend(one: &Value, other: &Value, path: &mut String) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let names = one.keys().chain(other.keys());
            let differs = |name: &&String| one.get(*name) != other.get(*name);
            let Some(name) = names.into_iter().find(differs) else { return };
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
            if let (Some(one), Some(other)) = (one.get(name), other.get(name)) {
                descend(one, other, path);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            let longest = one.len().max(other.len());
            let Some(place) = (0..longest).find(|place| one.get(*place) != other.get(*place))
            else {
                return;
            };
            // Writing to a text cannot fail.
            write!(path, "[{place}]").ok();
            if let (Some(one), Some(other)) = (one.get(place), other.get(place)) {
                descend(one, other, path);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::between;
    use serde_json::json;

    #[test]
    fn the_first_place_that_differs_is_named() {
        let one = json!({"state": "READY", "refunds": [{"total": "1.00"}, {"total": "2.00"}]});
        let other = json!({"state": "READY", "refunds": [{"total": "1.00"}, {"total": "2.01"}]});
        assert_eq!(between(&one, &other), "refunds[1].total");
        let longer = json!({"state": "READY", "refunds": [{"total": "1.00"}]});
        assert_eq!(between(&one, &longer), "refunds[1]");
        let other = json!({"state": "READY", "refunds": [], "external": {"id": "E"}});
        assert_eq!(between(&json!({"state": "READY", "refunds": []}), &other), "external");
    }
}
