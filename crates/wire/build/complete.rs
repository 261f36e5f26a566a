//! JSON answers show every field, one that is absent as null, and times in UTC with a Z, as the
//! JSON of protobuf has them. The generator of the JSON code leaves out what is absent, writes
//! `+00:00`, and has no setting for either, so both are put into what it wrote.

use super::Outcome;
use protox::prost_reflect::{DescriptorPool, Kind};
use std::{collections::BTreeSet, fmt::Write};

/// Where a field that may be absent begins and ends in the generated code.
const BEGIN: &str = "        if let Some(v) = self.";
const END: &str = "        }";
const NAME: &str = "struct_ser.serialize_field(\"";
/// How what is present is written.
const VALUE: &str = "\", v)?;";

/// The names of fields that are times. None of another kind may be called so.
pub fn times(pool: &DescriptorPool) -> BTreeSet<String> {
    let fields = pool.all_messages().flat_map(|message| message.fields().collect::<Vec<_>>());
    let is_time = |kind: Kind| matches!(kind, Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp");
    let times = fields.filter(|field| !field.is_list() && is_time(field.kind()));
    times.map(|field| field.name().to_owned()).collect()
}

/// Adds to every "if present, write it" the "else write null".
pub fn completed(code: &str, times: &BTreeSet<String>) -> Outcome<String> {
    let mut completed = String::with_capacity(code.len() * 2);
    let mut field: Option<Option<&str>> = None;
    for line in code.lines() {
        let written = line.strip_suffix(VALUE);
        let written = written.and_then(|before| before.split_once(NAME));
        match written.filter(|(_, name)| times.contains(*name)) {
            Some((indent, name)) => {
                write!(completed, "{indent}{NAME}{name}\", &crate::utc::Utc(v))?;")?;
            }
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
