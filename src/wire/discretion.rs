//! Text of the service as a message may show it.

use crate::secret::Secret;

/// Of a text of the service, more than this is not shown.
const MAX_CHARS: usize = 200;

/// The secrets of one request: never shown, even where the service itself says them.
pub(crate) struct Discretion(Vec<Secret>);

impl Discretion {
    pub(crate) fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self(secrets.into_iter().collect())
    }

    /// `text` on one line, without secrets, and not too long: in this order, so that what is left of a secret that was
    /// cut is not shown either.
    pub(crate) fn shown(&self, text: &str) -> String {
        let text = self.0.iter().map(|secret| on_one_line(secret.expose())).fold(on_one_line(text), redacted);
        text.chars().take(MAX_CHARS).collect()
    }
}

/// Without `secret`, be it plain or escaped as the JSON reader's messages show it.
#[expect(clippy::needless_pass_by_value, reason = "the step of a fold")]
fn redacted(text: String, secret: String) -> String {
    if secret.is_empty() {
        return text;
    }
    let escaped = secret.escape_debug().to_string();
    text.replace(&escaped, "[redacted]").replace(&secret, "[redacted]")
}

fn on_one_line(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(secret: &str, text: &str) -> String {
        Discretion::new([Secret::new(secret.to_owned())]).shown(text)
    }

    #[test]
    fn secrets_are_hidden_plain_escaped_and_across_control_characters() {
        assert_eq!(shown("s3cret", "no s3cret, s3\r\ncret"), "no [redacted], [redacted]");
        assert_eq!(
            shown("a\"b\\c", r#"invalid type: string "a\"b\\c""#),
            r#"invalid type: string "[redacted]""#
        );
        assert_eq!(shown("", "all\tof it"), "allof it");
    }

    #[test]
    fn a_text_is_cut_after_its_secrets_are_hidden() {
        let text = format!("{}s3cret{}", "x".repeat(195), "y".repeat(1_000_000));
        assert_eq!(shown("s3cret", &text), format!("{}[reda", "x".repeat(195)));
    }
}
