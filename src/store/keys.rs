//! API keys and the values that they answer to.

/// What narrows a value down to a few stored rows; the index of `api_key_value`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lookup(Box<str>);

impl Lookup {
    pub fn new(text: &str) -> Lookup {
        Lookup(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
