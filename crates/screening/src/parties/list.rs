//! The files of denied parties.

use crate::{ListError, ListSource, file};
use serde::Deserialize;

const DEMO: &str = include_str!("../../lists/denied-parties.csv");

/// Names of one deployment, over all lists.
const MAX_NAMES: usize = 5_000_000;
/// Characters of an entry's id.
const MAX_ID: usize = 100;
/// Faults of a file that are named.
const MAX_FAULTS: usize = 20;
/// Begins a line that is none of the list.
const COMMENT: u8 = b'#';

/// One name of an entry; one with aliases has several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedName {
    /// The list's name and the entry's id, such as `denied-parties/17`.
    pub entry: String,
    pub name: String,
}

/// `id,name,aliases`: aliases are separated by semicolons. Further columns are for people.
#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    name: String,
    #[serde(default)]
    aliases: Option<String>,
}

pub(super) fn read(sources: &[ListSource]) -> Result<Vec<ListedName>, ListError> {
    let mut names = Vec::new();
    for source in sources {
        let text = file::text(source, DEMO)?;
        let list = list_name(source);
        read_into(&mut names, &list, &text).map_err(|it| ListError::wrong(source, it))?;
    }
    Ok(names)
}

/// The file's name without its folder and kind.
fn list_name(source: &ListSource) -> String {
    match source {
        ListSource::Demo => "demo".to_owned(),
        ListSource::File(path) => {
            path.file_stem().unwrap_or_default().to_string_lossy().chars().take(MAX_ID).collect()
        }
    }
}

fn read_into(names: &mut Vec<ListedName>, list: &str, text: &str) -> Result<(), Vec<String>> {
    // The demo says what it is before its header.
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(COMMENT))
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| vec![error.to_string()])?;
    for needed in ["id", "name"] {
        if !headers.iter().any(|header| header == needed) {
            return Err(vec![format!("has no column {needed} in its first line")]);
        }
    }
    let (mut faults, before) = (Vec::new(), names.len());
    for row in reader.deserialize() {
        let row: Row = match row {
            Ok(row) => row,
            Err(error) => {
                faults.push(error.to_string());
                if faults.len() >= MAX_FAULTS {
                    break;
                }
                continue;
            }
        };
        if row.id.is_empty() || row.name.is_empty() || row.id.chars().count() > MAX_ID {
            faults.push(format!("entry {:?} needs an id of at most {MAX_ID} and a name", row.id));
            if faults.len() >= MAX_FAULTS {
                break;
            }
            continue;
        }
        let entry = format!("{list}/{}", row.id);
        let aliases = row.aliases.unwrap_or_default();
        let aliases = aliases.split(';').map(str::trim).filter(|alias| !alias.is_empty());
        for name in std::iter::once(row.name.as_str()).chain(aliases) {
            names.push(ListedName { entry: entry.clone(), name: name.to_owned() });
        }
        if names.len() > MAX_NAMES {
            faults.push(format!("makes it more than {MAX_NAMES} names"));
            break;
        }
    }
    // A list that lost its entries lets everybody pass.
    if faults.is_empty() && names.len() == before {
        faults.push("has no entry".to_owned());
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}
