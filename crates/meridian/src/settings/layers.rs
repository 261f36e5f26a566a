use super::{DEFAULTS, fault::Fault, mask::masked};
use config::{ConfigError, Environment, File, FileFormat, Map, Source, Value, ValueKind};
use std::{
    collections::BTreeMap,
    env,
    fmt::{self, Write},
    fs,
    path::{Path, PathBuf},
};

/// The file that is read from the working folder if nobody names another.
const DEFAULT_FILE: &str = "meridian.toml";

const PREFIX: &str = "MERIDIAN";
const SEPARATOR: &str = "__";

/// The one section whose keys the operator chooses: currency codes, of which the environment does not
/// keep the case.
pub(super) const CURRENCIES: &str = "money.exponents.";

/// Where settings are taken from beside the defaults.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// A file that has to be there.
    pub file: Option<PathBuf>,
    /// Names and values; only names with the prefix `MERIDIAN__` count.
    pub environment: Vec<(String, String)>,
    /// Keys like `database.url` and values.
    pub flags: Vec<(String, String)>,
}

impl Sources {
    /// Those of this process: the given file, or `meridian.toml` if there is one, and the environment.
    pub fn of_this_process(file: Option<PathBuf>, flags: Vec<(String, String)>) -> Self {
        let default = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists());
        let environment = env::vars_os()
            .map(|(name, value)| {
                (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
            })
            .collect();
        Self { file: file.or_else(default), environment, flags }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Default,
    File(PathBuf),
    Variable(String),
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the defaults"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag => f.write_str("a flag"),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) value: ValueKind,
    pub(super) origin: Origin,
}

/// Every key with the value of the strongest source.
#[derive(Debug, Default)]
pub(super) struct Layers(pub(super) BTreeMap<String, Entry>);

impl Layers {
    pub(super) fn defaults() -> Self {
        let mut layers = Self::default();
        let parsed = File::from_str(DEFAULTS, FileFormat::Toml).collect();
        layers.add(parsed.expect("a test reads the defaults"), &|_| Origin::Default);
        layers
    }

    /// Also answers what could not be read at all.
    pub(super) fn collect(sources: &Sources) -> (Self, Vec<Fault>) {
        let mut layers = Self::defaults();
        let mut faults = Vec::new();
        if let Some(path) = &sources.file {
            match read(path) {
                Ok(map) => layers.add(map, &|_| Origin::File(path.clone())),
                Err(reason) => {
                    let what = path.display().to_string();
                    faults.push(Fault { what, reason, origin: None });
                }
            }
        }
        match environment(&sources.environment) {
            Ok(map) => layers.add(map, &|key| Origin::Variable(variable(key))),
            Err(error) => {
                let what = "environment".to_owned();
                faults.push(Fault { what, reason: error.to_string(), origin: None });
            }
        }
        for (key, value) in &sources.flags {
            let value = ValueKind::String(value.clone());
            layers.0.insert(key.clone(), Entry { value, origin: Origin::Flag });
        }
        (layers, faults)
    }

    fn add(&mut self, map: Map<String, Value>, origin: &dyn Fn(&str) -> Origin) {
        for (key, value) in map {
            self.add_value(key, value.kind, origin);
        }
    }

    fn add_value(&mut self, key: String, value: ValueKind, origin: &dyn Fn(&str) -> Origin) {
        if let ValueKind::Table(table) = value {
            for (name, inner) in table {
                self.add_value(format!("{key}.{name}"), inner.kind, origin);
            }
            return;
        }
        let origin = origin(&key);
        let key = match key.strip_prefix(CURRENCIES) {
            Some(code) => format!("{CURRENCIES}{}", code.to_uppercase()),
            None => key,
        };
        self.0.insert(key, Entry { value, origin });
    }

    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        let mut section = "";
        // By section: a name may stand between a section of the same parent and the next one.
        let sections = self.0.iter().map(|(key, entry)| {
            let (parent, name) = key.rsplit_once('.').unwrap_or(("", key));
            (parent, name, key, entry)
        });
        let mut sections: Vec<_> = sections.collect();
        sections.sort_by_key(|(parent, name, ..)| (*parent, *name));
        for (parent, name, key, entry) in sections {
            if parent != section {
                section = parent;
                let gap = if text.is_empty() { "" } else { "\n" };
                writeln!(text, "{gap}[{section}]").expect("a string takes all");
            }
            let value = literal(&masked(key, &entry.value));
            let origin = match &entry.origin {
                Origin::Default => String::new(),
                origin => format!(" # {origin}"),
            };
            writeln!(text, "{name} = {value}{origin}").expect("a string takes all");
        }
        text
    }
}

fn read(path: &Path) -> Result<Map<String, Value>, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    File::from_str(&text, FileFormat::Toml).collect().map_err(|error| match error {
        ConfigError::FileParse { cause, .. } => cause.to_string(),
        other => other.to_string(),
    })
}

/// Values stay the strings that they are: a password 00123 must not become the number 123.
fn environment(variables: &[(String, String)]) -> Result<Map<String, Value>, ConfigError> {
    Environment::with_prefix(PREFIX)
        .prefix_separator(SEPARATOR)
        .separator(SEPARATOR)
        .try_parsing(false)
        .source(Some(variables.iter().cloned().collect()))
        .collect()
}

fn variable(key: &str) -> String {
    format!("{PREFIX}{SEPARATOR}{}", key.replace('.', SEPARATOR).to_uppercase())
}

fn literal(value: &ValueKind) -> String {
    match value {
        ValueKind::String(text) => format!("{text:?}"),
        ValueKind::Array(values) => {
            let values: Vec<String> = values.iter().map(|value| literal(&value.kind)).collect();
            format!("[{}]", values.join(", "))
        }
        other => other.to_string(),
    }
}
