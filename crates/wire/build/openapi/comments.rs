//! The comments of the contract, by where they stand.

use protox::prost_reflect::{DescriptorPool, FileDescriptor};
use std::collections::HashMap;

pub struct Comments(HashMap<(String, Vec<i32>), String>);

impl Comments {
    pub fn of(pool: &DescriptorPool) -> Self {
        let mut comments = HashMap::new();
        for file in pool.files() {
            let source = file.file_descriptor_proto().source_code_info.clone().unwrap_or_default();
            for location in source.location {
                let key = (file.name().to_owned(), location.path.clone());
                comments.insert(key, paragraphs(location.leading_comments()));
            }
        }
        Self(comments)
    }

    /// The comment before what has this path in the file; empty if there is none.
    pub fn at(&self, file: &FileDescriptor, path: &[i32]) -> String {
        self.0.get(&(file.name().to_owned(), path.to_vec())).cloned().unwrap_or_default()
    }
}

/// Joins the lines of a paragraph; an empty line parts two.
fn paragraphs(comment: &str) -> String {
    let lines: Vec<_> = comment.lines().map(str::trim).collect();
    let parts = lines.split(|line| line.is_empty()).map(|part| part.join(" "));
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}
