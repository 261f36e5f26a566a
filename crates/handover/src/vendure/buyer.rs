//! Who bought and where to, as Vendure asks for it.

use crate::failure::refused;
use domain::order::{Address, FailureClass, bare_email};
use ports::{Push, PushFailure};
use serde_json::{Value, json};

pub(super) struct Customer {
    /// As the shop keeps it.
    pub email: String,
    /// For a shop that does not know the address.
    pub new: Value,
    pub shipping_address: Value,
    pub billing_address: Option<Value>,
}

impl Customer {
    pub(super) fn of(push: &Push<'_>) -> Result<Self, PushFailure> {
        let personal = push.personal.ok_or_else(|| missing("the buyer's data were erased"))?;
        let email = bare_email(&personal.buyer.email);
        if email.is_empty() {
            return Err(missing("the buyer has no e-mail address, and the shop asks for one"));
        }
        let shipping = personal.shipping_address.as_ref();
        let shipping = shipping.ok_or_else(|| missing("the order has no shipping address"))?;
        let country = push.order.destination_country.as_str();
        let (first, last) = names(&personal.buyer.name);
        Ok(Self {
            new: json!({
                "emailAddress": email,
                "firstName": first,
                "lastName": last,
                "phoneNumber": personal.buyer.phone,
            }),
            email,
            shipping_address: address(shipping, country)?,
            billing_address: personal
                .billing_address
                .as_ref()
                .map(|billing| address(billing, country))
                .transpose()?,
        })
    }
}

/// The last word is the family's name, and the only one too.
fn names(name: &str) -> (&str, &str) {
    let name = name.trim();
    name.rsplit_once(char::is_whitespace).unwrap_or(("", name))
}

fn address(address: &Address, destination: &str) -> Result<Value, PushFailure> {
    let Address { name, lines, city, region, postal_code, country, phone } = address;
    let Some((first, further)) = lines.split_first() else {
        return Err(missing("an address has no street"));
    };
    let country = if country.is_empty() { destination } else { country };
    Ok(json!({
        "fullName": name,
        "streetLine1": first,
        "streetLine2": further.join(", "),
        "city": city,
        "province": region,
        "postalCode": postal_code,
        "countryCode": country,
        "phoneNumber": phone,
    }))
}

fn missing(text: &str) -> PushFailure {
    refused(FailureClass::RejectedAddress, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_first_and_a_last_part() {
        assert_eq!(names("Ada Lovelace"), ("Ada", "Lovelace"));
        assert_eq!(names(" Juan  Pérez Gómez "), ("Juan  Pérez", "Gómez"));
        assert_eq!(names("Cher"), ("", "Cher"));
        assert_eq!(names(""), ("", ""));
    }
}
