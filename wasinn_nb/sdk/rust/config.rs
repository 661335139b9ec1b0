//! Settings of models, and wishes for one generation.

use crate::json::quote;
use std::fmt::{Display, Write};

/// Settings as JSON. A text that is JSON already can be given in its place.
///
///     Config::default().set("ctx-size", 512).set("temp", 0.2).text("grammar", "root ::= \"yes\"")
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    json: Json,
}

#[derive(Debug, Clone, PartialEq)]
enum Json {
    Members(String),
    Whole(String),
}

impl Default for Json {
    fn default() -> Self {
        Self::Members(String::new())
    }
}

impl Config {
    /// A number or a truth value.
    #[must_use]
    pub fn set(self, name: &str, value: impl Display) -> Self {
        self.with(name, |out| write!(out, "{}", value).unwrap_or_default())
    }

    /// A text.
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.with(name, |out| quote(out, value))
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        match &self.json {
            Json::Members(members) => format!("{{{}}}", members),
            Json::Whole(text) => text.clone(),
        }
    }

    fn with(self, name: &str, value: impl FnOnce(&mut String)) -> Self {
        let mut members = match self.json {
            Json::Members(members) => members,
            Json::Whole(text) => {
                let inside = text
                    .trim()
                    .strip_prefix('{')
                    .and_then(|t| t.strip_suffix('}'));
                inside.unwrap_or_default().trim().to_string()
            }
        };
        if !members.is_empty() {
            members.push_str(", ");
        }
        quote(&mut members, name);
        members.push_str(": ");
        value(&mut members);
        Self {
            json: Json::Members(members),
        }
    }
}

impl From<String> for Config {
    fn from(json: String) -> Self {
        Self {
            json: Json::Whole(json),
        }
    }
}

impl From<&String> for Config {
    fn from(json: &String) -> Self {
        json.clone().into()
    }
}

impl From<&str> for Config {
    fn from(json: &str) -> Self {
        json.to_string().into()
    }
}

impl From<&Config> for Config {
    fn from(config: &Config) -> Self {
        config.clone()
    }
}

/// Wishes for one generation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// 0: until the model ends.
    pub max_tokens: usize,
    /// Texts that end the generation and are not part of it.
    pub stop: Vec<String>,
    /// Hand out tokens as they come, even if that splits a UTF-8 character.
    pub raw_bytes: bool,
}

impl Options {
    #[must_use]
    pub fn max_tokens(mut self, count: usize) -> Self {
        self.max_tokens = count;
        self
    }

    /// One more text that ends the generation.
    #[must_use]
    pub fn stop(mut self, text: impl Into<String>) -> Self {
        self.stop.push(text.into());
        self
    }

    /// For [`crate::Stream::next_bytes`].
    #[must_use]
    pub fn raw_bytes(mut self) -> Self {
        self.raw_bytes = true;
        self
    }
}

impl From<&Options> for Options {
    fn from(options: &Options) -> Self {
        options.clone()
    }
}

impl From<()> for Options {
    fn from(_: ()) -> Self {
        Self::default()
    }
}
