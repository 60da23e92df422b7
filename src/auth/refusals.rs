//! How often a request may be repeated because its token was refused.

use chrono::{DateTime, Utc};

use super::token::Token;

/// The tokens of one request that were refused so far.
pub(crate) struct Refusals {
    began: DateTime<Utc>,
    last: Option<Token>,
    count: u32,
}

impl Refusals {
    /// None yet, of a request that begins now.
    pub(crate) fn begin(now: DateTime<Utc>) -> Self {
        Self { began: now, last: None, count: 0 }
    }

    /// The last one, which the next token must not be.
    pub(crate) fn last(&self) -> Option<&Token> {
        self.last.as_ref()
    }

    /// Whether the refusal of `token` is the second one, after which the request is not repeated (all three contracts).
    /// A token that another process brought before this request began may have ended as well: its refusal is not yet
    /// the second one.
    pub(crate) fn is_last(&self, token: &Token) -> bool {
        self.count == 2 || (self.count == 1 && token.is_received_since(self.began))
    }

    /// Adds one that was refused.
    pub(crate) fn add(&mut self, token: Token) {
        self.last = Some(token);
        self.count += 1;
    }
}
