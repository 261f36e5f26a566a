//! Fields that were refused: by the words that stand beside them on the page, and where they are.

use crate::{fields::Fields, words};

/// A field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// "Goodwill on top".
    pub label: String,
    /// The name of the input.
    pub input: String,
    /// Which one, if there is a row of them; from 0.
    pub row: Option<usize>,
    pub text: String,
}

/// Columns of a form whose rows are a list of the request, but for the rows in which nothing stands.
#[derive(Debug)]
pub struct Rows {
    columns: &'static [&'static str],
    /// Further ones, which say nothing by themselves.
    beside: &'static [&'static str],
    nothing: &'static [&'static str],
}

/// What is refunded of each line.
pub const PRODUCTS: Rows =
    Rows { columns: &["quantity", "percent", "amount"], beside: &["line_reason"], nothing: &[""] };
/// What leaves, arrives or is cancelled of each line.
pub const PIECES: Rows = Rows { columns: &["quantity"], beside: &[], nothing: &["", "0"] };
pub const REASONS: Rows =
    Rows { columns: &["reason_code", "reason_name"], beside: &[], nothing: &[""] };
pub const SCOPES: Rows = Rows {
    columns: &[
        "scope_check",
        "scope_methods",
        "scope_countries",
        "scope_prefixes",
        "scope_minimum",
    ],
    beside: &[],
    nothing: &[""],
};

impl Rows {
    /// The rows of a form that the request has, in its sequence.
    pub fn of(&self, form: &Fields) -> Vec<usize> {
        form.rows(self.columns, self.nothing)
    }

    /// What stands in some columns of each of these rows; nothing where a column is shorter.
    pub fn read<'f, const N: usize>(
        &self,
        form: &'f Fields,
        names: [&str; N],
    ) -> Vec<[&'f str; N]> {
        let columns = names.map(|name| form.column(name));
        let read = |row: usize| {
            columns.each_ref().map(|column| column.get(row).copied().unwrap_or_default())
        };
        self.of(form).into_iter().map(read).collect()
    }

    /// Those that an input is in.
    fn with(input: &str, form: &Fields) -> Option<&'static Self> {
        let is_wizard = !form.column("percent").is_empty();
        let all: [&'static Self; 3] =
            [if is_wizard { &PRODUCTS } else { &PIECES }, &REASONS, &SCOPES];
        let has = |rows: &&Self| rows.columns.contains(&input) || rows.beside.contains(&input);
        all.into_iter().find(has)
    }
}

/// Fields of the contract that pages call otherwise: the last names of their path, the input, and
/// the words beside it. Every other field is called the same in both.
const CALLED: [(&str, &str, &str); 33] = [
    ("products.refund_quantity", "quantity", "Pieces"),
    ("products.refund_amount_percent", "percent", "Percent"),
    ("products.refund_amount", "amount", "Amount"),
    ("products.refund_reason", "line_reason", "Reason"),
    ("products.refund_reason.code", "line_reason", "Reason"),
    ("lines.quantity", "quantity", "Pieces"),
    ("shipping_amount", "shipping", "Shipping"),
    ("shipping_refund", "all_shipping", "All shipping that is left"),
    ("duties_amount", "duties", "Duties"),
    ("products_duties_refund", "their_duties", "The duties of these lines"),
    ("service_gesture_amount", "goodwill", "Goodwill on top"),
    ("customer_prepaid_refund_amount", "return_fee", "Prepaid return fee"),
    ("refund_reason", "reason", "Reason"),
    ("refund_reason.code", "reason", "Reason"),
    ("refund_method", "method", "How it goes back"),
    ("refund_comments", "comments", "Comments"),
    ("external_reference", "external_reference", "Your reference"),
    ("repaid.payment_reference", "payment_reference", "Reference of the payment"),
    ("repaid.amount", "amount", "Amount"),
    ("payment_reference", "payment_reference", "Reference of the payment"),
    ("expire_time", "valid_through", "Valid through"),
    ("refund_reasons.code", "reason_code", "Code"),
    ("refund_reasons.name", "reason_name", "Name"),
    ("customer_requests.window_days", "window_days", "For so many days from the order"),
    ("customer_requests.reasons", "buyer_reason", "Reasons that buyers may give"),
    ("handover.schedule_seconds", "schedule", "Seconds before each retry"),
    ("schedule", "schedule", "Seconds before each retry"),
    ("window_days", "window_days", "For so many days from the order"),
    ("scopes.check", "scope_check", "Check"),
    ("scopes.tender_methods", "scope_methods", "Tender methods"),
    ("scopes.destination_countries", "scope_countries", "Countries"),
    ("scopes.hs_prefixes", "scope_prefixes", "Customs codes begin with"),
    ("scopes.minimum_total", "scope_minimum", "Total from"),
];

impl Fault {
    /// Of a path of the contract, such as `products[1].refund_amount`.
    pub fn of(path: &str, text: String) -> Self {
        let (names, row) = without_places(path);
        let called = CALLED.iter().filter(|(tail, ..)| ends_with(&names, tail));
        let called = called.max_by_key(|(tail, ..)| tail.len());
        let last = names.rsplit('.').next().unwrap_or_default();
        let (input, label) = called.map_or_else(
            || (last.to_owned(), words::spaced(last)),
            |(_, input, label)| ((*input).to_owned(), (*label).to_owned()),
        );
        Self { label, input, row, text }
    }

    /// The same in the row of the form that it was read of.
    pub fn in_form(self, form: &Fields) -> Self {
        let rows = Rows::with(&self.input, form).map(|rows| rows.of(form)).unwrap_or_default();
        Self { row: self.row.map(|row| rows.get(row).copied().unwrap_or(row)), ..self }
    }

    /// "Pieces, row 2".
    pub fn title(&self) -> String {
        self.row.map_or_else(
            || self.label.clone(),
            |row| format!("{}, row {}", self.label, row.saturating_add(1)),
        )
    }
}

/// The names of a path, and the first place in a list that stands in it.
fn without_places(path: &str) -> (String, Option<usize>) {
    let mut row = None;
    let names = path.split('.').map(|part| {
        let (name, place) = part.split_once('[').unwrap_or((part, ""));
        row = row.or_else(|| place.strip_suffix(']')?.parse().ok());
        name
    });
    (names.collect::<Vec<_>>().join("."), row)
}

fn ends_with(names: &str, tail: &str) -> bool {
    names.strip_suffix(tail).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(path: &str) -> (String, String) {
        let fault = Fault::of(path, String::new());
        (fault.input.clone(), fault.title())
    }

    #[test]
    fn a_field_is_called_what_stands_beside_it() {
        for (path, input, title) in [
            ("service_gesture_amount", "goodwill", "Goodwill on top"),
            ("products[1].refund_amount_percent", "percent", "Percent, row 2"),
            ("products[0].refund_reason.code", "line_reason", "Reason, row 1"),
            ("refund_reason.code", "reason", "Reason"),
            ("settings.approval_limit", "approval_limit", "Approval limit"),
            ("settings.screening.scopes[0].minimum_total", "scope_minimum", "Total from, row 1"),
            ("evidence.repaid.amount", "amount", "Amount"),
            ("login", "login", "Login"),
            ("", "", ""),
            ("odd[x]..y[", "y", "Y"),
        ] {
            assert_eq!(fault(path), (input.to_owned(), title.to_owned()), "{path}");
        }
    }

    #[test]
    fn rows_are_those_of_the_form() {
        for (form, path, title) in [
            ("quantity=&quantity=0&quantity=-1", "lines[0].quantity", "Pieces, row 3"),
            ("quantity=0&percent=&percent=9", "products[1].refund_amount", "Amount, row 2"),
            ("quantity=1&percent=&percent=9", "products[0].refund_reason", "Reason, row 1"),
            ("reason_code=&reason_name=x", "settings.refund_reasons[0].code", "Code, row 1"),
            ("reason_code=&reason_code=y", "settings.refund_reasons[0].name", "Name, row 2"),
            ("scope_check=&scope_minimum=&scope_minimum=a", "scopes[0].check", "Check, row 2"),
            ("quantity=1", "lines[7].quantity", "Pieces, row 8"),
        ] {
            let fault = Fault::of(path, String::new()).in_form(&Fields::of(form).unwrap());
            assert_eq!(fault.title(), title, "{form} {path}");
        }
    }

    /// Words and inputs stand in the templates, one beside the other.
    #[test]
    fn what_is_said_stands_on_a_page() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let pages: Vec<_> = files
            .filter(|path| path.is_file())
            .map(|it| std::fs::read_to_string(it).unwrap())
            .collect();
        for (path, input, label) in CALLED {
            let is_there = |page: &String| {
                page.contains(label)
                    && [format!("name=\"{input}\""), format!("boxes(\"{input}\"")]
                        .iter()
                        .any(|named| page.contains(named))
            };
            assert!(pages.iter().any(is_there), "{path}: {label} beside {input}");
        }
    }
}
