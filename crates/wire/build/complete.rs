//! JSON answers show every field, one that is absent as null, and times in UTC with a Z, as the
//! JSON of protobuf has them. The generator of the JSON code leaves out what is absent, writes
//! `+00:00`, and has no setting for either, so both are put into what it wrote.

use super::Outcome;
use std::fmt::Write;

/// Where a field that may be absent begins and ends in the generated code.
const BEGIN: &str = "        if let Some(v) = self.";
const END: &str = "        }";
const NAME: &str = "struct_ser.serialize_field(\"";
/// How a time is written; by the convention of the contract its field ends so.
const TIME: &str = "_time\", v)?;";

/// Adds to every "if present, write it" the "else write null".
pub fn completed(code: &str) -> Outcome<String> {
    let mut completed = String::with_capacity(code.len() * 2);
    let mut field: Option<Option<&str>> = None;
    for line in code.lines() {
        match line.strip_suffix(TIME) {
            Some(before) => write!(completed, "{before}_time\", &crate::utc::Utc(v))?;")?,
            None => completed.push_str(line),
        }
        if line.starts_with(BEGIN) {
            field = Some(None);
        } else if let Some(name) = &mut field {
            if let Some((_, rest)) = line.split_once(NAME) {
                *name = rest.split('"').next();
            }
            if line == END {
                let name = name.ok_or("a field was written without its name")?;
                write!(completed, " else {{\n            {NAME}{name}\", &())?;\n{END}")?;
                field = None;
            }
        }
        completed.push('\n');
    }
    Ok(completed)
}
