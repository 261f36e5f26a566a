use serde::{Deserialize, Serialize, de};
use std::{collections::BTreeMap, fmt};

/// A currency and the number of decimals its amounts have.
///
/// The exponent travels with the code, so that an order keeps the one it was made with even if
/// the configured table changes later. Stored as `"EUR/2"`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: [u8; 3],
    exponent: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CurrencyError {
    #[error("is not a currency this platform trades in; expected an ISO 4217 code such as \"EUR\"")]
    Unknown,
    #[error("must be at most 4")]
    Exponent,
}

/// The currencies that orders may be in: ISO 4217, with the platform's own exponents over it.
#[derive(Debug, Clone, Default)]
pub struct Currencies {
    overrides: BTreeMap<String, u8>,
}

impl Currencies {
    pub const MAX_EXPONENT: u8 = 4;

    /// ISO 4217 as published.
    pub fn iso() -> Self {
        Self::default()
    }

    /// ISO 4217 with some exponents replaced; some platforms keep a table of their own.
    ///
    /// # Errors
    ///
    /// [`CurrencyError`] for a code that ISO 4217 does not have or an exponent above 4.
    pub fn with_exponents(overrides: BTreeMap<String, u8>) -> Result<Self, CurrencyError> {
        for (code, exponent) in &overrides {
            iso_exponent(code).ok_or(CurrencyError::Unknown)?;
            if *exponent > Self::MAX_EXPONENT {
                return Err(CurrencyError::Exponent);
            }
        }
        Ok(Self { overrides })
    }

    /// # Errors
    ///
    /// [`CurrencyError::Unknown`] for a code that ISO 4217 does not have, or that has no minor
    /// unit there (such as gold).
    pub fn get(&self, code: &str) -> Result<Currency, CurrencyError> {
        let iso = iso_exponent(code).ok_or(CurrencyError::Unknown)?;
        let exponent = self.overrides.get(code).copied().unwrap_or(iso);
        Currency::new(code, exponent).ok_or(CurrencyError::Unknown)
    }
}

fn iso_exponent(code: &str) -> Option<u8> {
    let currency = iso_currency::Currency::from_code(code)?;
    u8::try_from(currency.exponent()?).ok()
}

impl Currency {
    fn new(code: &str, exponent: u8) -> Option<Self> {
        let code: [u8; 3] = code.as_bytes().try_into().ok()?;
        let valid = code.iter().all(u8::is_ascii_uppercase) && exponent <= Currencies::MAX_EXPONENT;
        valid.then_some(Self { code, exponent })
    }

    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// Decimals of an amount in this currency.
    pub const fn exponent(self) -> u32 {
        self.exponent as u32
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.code(), self.exponent)
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.split_once('/')
            .and_then(|(code, exponent)| Self::new(code, exponent.parse().ok()?))
            .ok_or_else(|| de::Error::custom("expected a currency such as EUR/2"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_those_of_iso_4217_unless_configured() {
        let iso = Currencies::iso();
        let exponent = |table: &Currencies, code: &str| table.get(code).map(Currency::exponent);
        assert_eq!(exponent(&iso, "JPY"), Ok(0));
        assert_eq!(exponent(&iso, "USD"), Ok(2));
        assert_eq!(exponent(&iso, "KWD"), Ok(3));
        assert_eq!(iso.get("eur"), Err(CurrencyError::Unknown));
        assert_eq!(iso.get("EURO"), Err(CurrencyError::Unknown));
        assert_eq!(iso.get("XAU"), Err(CurrencyError::Unknown));
        let own = Currencies::with_exponents([("KRW".to_owned(), 2)].into()).unwrap();
        assert_eq!(exponent(&own, "KRW"), Ok(2));
        assert!(Currencies::with_exponents([("KRW".to_owned(), 5)].into()).is_err());
    }
}
