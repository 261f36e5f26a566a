//! Small parts of pages that stand in many of them. Each is a template of its own, so that what is
//! in it is escaped.

use crate::words::{self, Choice};
use askama::{Template, filters::HtmlSafe};
use wire::{money::v1::MoneyPair, refunds::v1::Explanation};

/// A state, in its colour.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<span class="badge {{ crate::words::tone(text) }}">{{ text }}</span>"#
)]
pub struct Badge {
    text: String,
}

impl HtmlSafe for Badge {}

pub fn badge(text: impl Into<String>) -> Badge {
    Badge { text: text.into() }
}

/// An amount in both currencies, one below the other.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<span class="pair"><span>{{ customer }}</span><small>{{ merchant }}</small></span>"#
)]
pub struct Pair {
    customer: String,
    merchant: String,
}

impl HtmlSafe for Pair {}

#[expect(clippy::ref_option, reason = "templates hand everything over by reference")]
pub fn pair(pair: &Option<MoneyPair>) -> Pair {
    Pair { customer: words::customer(pair).to_owned(), merchant: words::merchant(pair).to_owned() }
}

/// The choices of a list, with the one that is chosen.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% for choice in choices %}<option value="{{ choice.value }}"{% if choice.value == chosen %} selected{% endif %}>{{ choice.text }}</option>{% endfor %}"#
)]
pub struct Options {
    choices: Vec<Choice>,
    chosen: String,
}

impl HtmlSafe for Options {}

pub fn options(choices: Vec<Choice>, chosen: impl Into<String>) -> Options {
    Options { choices, chosen: chosen.into() }
}

/// A box for each choice, under one name.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% for choice in choices %}<label class="box"><input type="checkbox" name="{{ name }}" value="{{ choice.value }}"{% if chosen.contains(choice.value) %} checked{% endif %}> {{ choice.text }}</label>{% endfor %}"#
)]
pub struct Boxes {
    name: &'static str,
    choices: Vec<Choice>,
    chosen: Vec<String>,
}

impl HtmlSafe for Boxes {}

pub fn boxes<C: Into<String>>(name: &'static str, choices: Vec<Choice>, chosen: Vec<C>) -> Boxes {
    Boxes { name, choices, chosen: chosen.into_iter().map(Into::into).collect() }
}

/// What every form carries.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<input type="hidden" name="csrf" value="{{ form_token }}"><input type="hidden" name="request_id" value="{{ request_id }}">"#
)]
pub struct Hidden {
    form_token: String,
    request_id: String,
}

impl HtmlSafe for Hidden {}

pub fn hidden(frame: &crate::frame::Frame) -> Hidden {
    Hidden { form_token: frame.form_token.clone(), request_id: frame.request_id.clone() }
}

/// How each figure came about.
#[derive(Template)]
#[template(path = "parts/explanations.html")]
pub struct Explanations<'e> {
    explanations: &'e [Explanation],
}

impl HtmlSafe for Explanations<'_> {}

pub fn explanations(explanations: &[Explanation]) -> Explanations<'_> {
    Explanations { explanations }
}
