//! Parties that nobody may deliver to.

mod index;
mod likeness;
mod list;
mod normal;

pub use index::{Found, Index, Match};
pub use likeness::Likeness;
pub use list::ListedName;

use crate::{ListError, ListSource, watched::Watched};
use async_trait::async_trait;
use domain::{
    order::Personal,
    screening::{Finding, Verdict},
};
use normal::{MAX_CHARACTERS, MAX_WORDS};
use ports::{Opinion, Screening, ScreeningError, Subject};
use std::{sync::Arc, time::Duration};

/// Names of buyer and recipients against lists, however they are written: with or without accents,
/// in another script, in another order, misspelt.
///
/// The same words are FAILED; a name that is alike enough is for a person to look at.
pub struct DeniedParties {
    index: Arc<Watched<Index>>,
    threshold: Likeness,
}

impl DeniedParties {
    /// Reads the lists, which takes seconds for a million names; the demo's without any. `threshold`
    /// is the likeness from which on a person looks.
    ///
    /// # Errors
    ///
    /// Every fault of the files, each with its line.
    pub fn open(sources: Vec<ListSource>, threshold: Likeness) -> Result<Self, ListError> {
        let sources = if sources.is_empty() { vec![ListSource::Demo] } else { sources };
        let index = Watched::open(sources, |sources| Ok(Index::of(list::read(sources)?)))?;
        Ok(Self { index: Arc::new(index), threshold })
    }

    /// Follows the files, in the background.
    #[must_use]
    pub fn looking_every(self, pause: Duration) -> Self {
        self.index.keep_fresh(pause);
        self
    }

    /// Follows the files now.
    pub fn look(&self) -> bool {
        self.index.look()
    }

    fn check_names(&self, personal: &Personal) -> Opinion {
        let index = self.index.current();
        let mut found = Vec::new();
        let names = names(personal);
        if names.is_empty() {
            let text = "the order names neither buyer nor recipient";
            found.push((Verdict::Clear, Finding::new("no-name", text)));
        }
        for (whose, name) in names {
            let Found { matches, all, whole } = index.find(name, self.threshold);
            if !whole {
                let text = format!(
                    "the {whose} is longer than the {MAX_WORDS} words and {MAX_CHARACTERS} \
                     characters that are compared"
                );
                found.push((Verdict::Review, Finding::new("too-long", text)));
            }
            if !all {
                let text = format!("the {whose} is like more of the list than is compared");
                found.push((Verdict::Review, Finding::new("too-common", text)));
            }
            for Match { name, likeness } in matches {
                let verdict = if likeness.is_same() { Verdict::Failed } else { Verdict::Review };
                let text = format!("the {whose} is {likeness} like it");
                found.push((verdict, Finding::new(index.entry(name), text)));
            }
        }
        Opinion::of(found)
    }
}

/// Who it was is not kept any more.
fn nobody() -> Opinion {
    let text = "who bought was erased, and cannot be compared";
    Opinion::of(vec![(Verdict::Review, Finding::new("erased", text))])
}

/// Whose names there are; each once.
fn names(personal: &Personal) -> Vec<(&'static str, &str)> {
    let recipient = personal.shipping_address.as_ref().map_or("", |address| &address.name);
    let billed = personal.billing_address.as_ref().map_or("", |address| &address.name);
    let all = [
        ("name of the buyer", personal.buyer.name.as_str()),
        ("name of the recipient", recipient),
        ("name of who is billed", billed),
    ];
    let mut names: Vec<(&'static str, &str)> = Vec::new();
    for (whose, name) in all {
        let known = names.iter().any(|(_, known)| *known == name);
        if !known && !name.trim().is_empty() {
            names.push((whose, name));
        }
    }
    names
}

#[async_trait]
impl Screening for DeniedParties {
    async fn check(&self, subject: Subject<'_>) -> Result<Opinion, ScreeningError> {
        // A few milliseconds at most: shorter than it takes to send it elsewhere.
        Ok(subject.personal.map_or_else(nobody, |personal| self.check_names(personal)))
    }
}
