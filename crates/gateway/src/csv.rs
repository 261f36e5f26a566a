//! Reports as CSV by RFC 4180: a line of names, then a line for each message of a stream.
//!
//! A cell that a spreadsheet would take for a formula begins with an apostrophe, which keeps it a
//! text; numbers stay numbers.

pub mod refund_components;

use csv::{Terminator, WriterBuilder};
use wire::rest::Fault;

/// A stream that is a table as well.
#[derive(Debug)]
pub(crate) struct Table {
    grpc_path: &'static str,
    /// What a browser calls the file.
    pub file: &'static str,
    pub header: fn() -> Result<Vec<u8>, Fault>,
    /// The line of a message of the stream.
    pub line: fn(&[u8]) -> Result<Vec<u8>, Fault>,
}

static TABLES: &[Table] = &[refund_components::TABLE];

impl Table {
    pub fn of(grpc_path: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.grpc_path == grpc_path)
    }
}

/// Bytes of most lines; a longer one is written as well.
const LINE: usize = 512;

/// One line of a table.
///
/// # Errors
///
/// A line that is longer than memory.
pub fn written(cells: impl IntoIterator<Item = String>) -> Result<Vec<u8>, Fault> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .buffer_capacity(LINE)
        .from_writer(Vec::with_capacity(LINE));
    writer.write_record(cells.into_iter().map(as_text))?;
    Ok(writer.into_inner()?)
}

/// What spreadsheets take for the beginning of a formula, or skip on their way to one.
const BEGIN_FORMULAS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

fn as_text(cell: String) -> String {
    if cell.starts_with(BEGIN_FORMULAS) && !is_number(&cell) { format!("'{cell}") } else { cell }
}

/// A sign at most, digits, and at most one point between them.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(decimals)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(cells: &[&str]) -> String {
        let line = written(cells.iter().map(|cell| (*cell).to_owned())).unwrap();
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn cells_are_quoted_where_they_have_to_be() {
        assert_eq!(line(&["a", "", "b c"]), "a,,b c\r\n");
        assert_eq!(
            line(&["a,b", "say \"x\"", "two\nlines"]),
            "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"\r\n"
        );
        assert_eq!(line(&["Zoë \u{1f4e6}"]), "Zoë \u{1f4e6}\r\n");
        let long = "x".repeat(3 * LINE);
        assert_eq!(line(&[&long, &long]), format!("{long},{long}\r\n"));
    }

    #[test]
    fn no_cell_is_a_formula() {
        for formula in [
            "=1+1",
            "+1-cmd|' /C calc'!A0",
            "-2+3",
            "@SUM(A1)",
            "\tx",
            "-",
            "+.5",
            "-1.",
            "-1.2.3",
            "=",
            "--1",
        ] {
            let cell = as_text(formula.to_owned());
            assert_eq!(cell, format!("'{formula}"));
        }
        assert_eq!(line(&["\r=1"]), "\"'\r=1\"\r\n");
        for text in ["-1", "+44", "-0.50", "12.345", "", "a=b", " =1", "'=1", "1-2"] {
            assert_eq!(as_text(text.to_owned()), text);
        }
    }
}
