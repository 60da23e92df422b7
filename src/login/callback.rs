//! What the browser brings back, and whether it is ours. Pure.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use form_urlencoded::parse;
use subtle::ConstantTimeEq;

use crate::{secret::Secret, wire::Discretion};

/// How long a sign-in may take (Angelcam contract, section 3, step 1).
pub const STATE_LIFE: TimeDelta = TimeDelta::minutes(10);

/// Random bytes of a state: twice the 128 bits that are the least.
const STATE_BYTES: usize = 32;

/// A sign-in that was begun. Its state opens it once.
pub struct Pending {
    state: String,
    began_at: DateTime<Utc>,
    is_over: bool,
}

/// What a visit to the redirect address is.
pub enum Callback {
    /// The service gives a code.
    Code(Secret),
    /// The service, or the person, says no.
    Declined(String),
    /// It does not belong to this sign-in.
    Foreign,
    /// The sign-in is over already.
    Used,
    /// It took too long.
    TooLate,
}

impl Pending {
    /// Begins now, with a state from `fill_random`, which says whether it could.
    pub fn begin(now: DateTime<Utc>, fill_random: impl FnOnce(&mut [u8]) -> bool) -> Option<Self> {
        let mut bytes = [0; STATE_BYTES];
        fill_random(&mut bytes).then(|| Self::with_state(URL_SAFE_NO_PAD.encode(bytes), now))
    }

    fn with_state(state: String, began_at: DateTime<Utc>) -> Self {
        Self { state, began_at, is_over: false }
    }

    /// Goes with the request, and comes back with the answer.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Reads the query of a visit. The state is compared before anything else is looked at; the first visit with the
    /// right one ends the sign-in, whatever it brings.
    pub fn visit(&mut self, query: &str, now: DateTime<Utc>) -> Callback {
        if !self.is_ours(query) {
            return Callback::Foreign;
        }
        if std::mem::replace(&mut self.is_over, true) {
            return Callback::Used;
        }
        if now - self.began_at > STATE_LIFE {
            return Callback::TooLate;
        }
        match (only(query, "error"), only(query, "code")) {
            (Some(error), _) => {
                let error = if error == "access_denied" { "access was declined".to_owned() } else { error };
                let description = only(query, "error_description").map(|words| format!(": {words}"));
                // Whoever can send a browser here writes to a terminal.
                Callback::Declined(Discretion::new([]).shown(&(error + &description.unwrap_or_default())))
            }
            (None, Some(code)) if !code.is_empty() => Callback::Code(Secret::new(code)),
            (None, _) => Callback::Declined("the answer holds no code".to_owned()),
        }
    }

    fn is_ours(&self, query: &str) -> bool {
        let found = only(query, "state").unwrap_or_default();
        found.as_bytes().ct_eq(self.state.as_bytes()).into()
    }
}

/// The value of a parameter that is there exactly once.
fn only(query: &str, name: &str) -> Option<String> {
    let mut values = parse(query.as_bytes()).filter(|(found, _)| found == name);
    let value = values.next()?.1.into_owned();
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending() -> Pending {
        Pending::with_state("S1".to_owned(), DateTime::UNIX_EPOCH)
    }

    fn visit(pending: &mut Pending, query: &str) -> String {
        match pending.visit(query, DateTime::UNIX_EPOCH + TimeDelta::minutes(1)) {
            Callback::Code(code) => format!("code {}", code.expose()),
            Callback::Declined(reason) => reason,
            Callback::Foreign => "foreign".to_owned(),
            Callback::Used => "used".to_owned(),
            Callback::TooLate => "too late".to_owned(),
        }
    }

    #[test]
    fn angelcam_vector_04_a_wrong_or_missing_state_is_foreign_and_an_error_is_a_no() {
        for query in
            ["state=S2&code=C", "code=C", "", "state=&code=C", "state=S1&state=S1&code=C", "state=S1x&code=C"]
        {
            assert_eq!(visit(&mut pending(), query), "foreign", "{query}");
        }
        assert_eq!(visit(&mut pending(), "error=access_denied&state=S1"), "access was declined");
        assert_eq!(
            visit(&mut pending(), "error=invalid_scope&error_description=no+such+scope&state=S1"),
            "invalid_scope: no such scope"
        );
        assert_eq!(visit(&mut pending(), "error=a%1b%5d0;x%07%0a&state=S1"), "a]0;x");
    }

    #[test]
    fn angelcam_vector_05_a_callback_counts_once() {
        let mut pending = pending();
        assert_eq!(visit(&mut pending, "state=S2&code=C0"), "foreign");
        assert_eq!(visit(&mut pending, "state=S1&code=C1"), "code C1");
        assert_eq!(visit(&mut pending, "state=S1&code=C1"), "used");
        assert_eq!(visit(&mut pending, "state=S2&code=C1"), "foreign");
    }

    #[test]
    fn a_code_is_decoded_and_not_trimmed() {
        assert_eq!(visit(&mut pending(), "code=a%2Bb%20c.&state=S1"), "code a+b c.");
        assert_eq!(visit(&mut pending(), "code=&state=S1"), "the answer holds no code");
        assert_eq!(visit(&mut pending(), "state=S1"), "the answer holds no code");
        assert_eq!(visit(&mut pending(), "code=1&code=2&state=S1"), "the answer holds no code");
    }

    #[test]
    fn a_sign_in_ends_after_ten_minutes() {
        let late = DateTime::UNIX_EPOCH + STATE_LIFE + TimeDelta::seconds(1);
        assert!(matches!(pending().visit("state=S1&code=C", late), Callback::TooLate));
        let just = DateTime::UNIX_EPOCH + STATE_LIFE;
        assert!(matches!(pending().visit("state=S1&code=C", just), Callback::Code(_)));
    }

    #[test]
    fn a_state_has_256_random_bits_and_there_is_none_without_randomness() {
        let begin = |byte| {
            Pending::begin(DateTime::UNIX_EPOCH, |bytes| {
                bytes.fill(byte);
                true
            })
        };
        assert_eq!(begin(0).unwrap().state().len(), 43);
        assert_ne!(begin(0).unwrap().state(), begin(1).unwrap().state());
        assert!(Pending::begin(DateTime::UNIX_EPOCH, |_| false).is_none());
    }
}
