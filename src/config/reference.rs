//! References to secrets in the TOML file.

use std::path::Path;

use super::{
    SecretSource,
    report::{Mismatch, NOTHING, Reported},
    rules,
    section::Section,
};
use crate::secret::Secret;

const KEYS: [&str; 3] = ["file", "env", "credential"];

/// The reference, or the literal, at `key`. Nothing that stands there is ever shown.
pub(super) fn read(
    section: &mut Section<'_>,
    key: &'static str,
    base: &Path,
) -> Result<SecretSource, Reported> {
    match read_optional(section, key, base)? {
        Some(source) => Ok(source),
        None => Err(section.reject(key, Mismatch::new("a secret such as { file = \"...\" }", NOTHING))),
    }
}

/// As [`read`], where it is there.
pub(super) fn read_optional(
    section: &mut Section<'_>,
    key: &'static str,
    base: &Path,
) -> Result<Option<SecretSource>, Reported> {
    if section.holds_text(key) {
        return section.optional_text(key, literal);
    }
    section.section(key, |reference| source(reference, base))
}

/// What a literal at `key` earns, whose sentence begins with `subject`: `stream "lobby": its access_token stands`.
/// `file` is a name for the file that it should move to.
pub(super) fn literal_warning(subject: &str, key: &str, file: &str) -> String {
    format!(
        "{subject} in the configuration; move it into a file and write {key} = {{ file = \"secrets/{file}\" }}"
    )
}

/// A secret that stands in the configuration itself.
pub(super) fn literal(text: &str) -> Result<SecretSource, Mismatch> {
    rules::filled(text).map(|text| SecretSource::Literal(Secret::new(text)))
}

fn source(reference: &mut Section<'_>, base: &Path) -> Result<SecretSource, Reported> {
    let given: Vec<&str> = KEYS.into_iter().filter(|key| reference.has(key)).collect();
    let file = reference.optional_text("file", |text| file(text, base));
    let variable = reference.optional_text("env", variable);
    let credential = reference.optional_text("credential", credential);
    let sources = [file?, variable?, credential?];
    let mut sources = sources.into_iter().flatten();
    if let (Some(source), None) = (sources.next(), sources.next()) {
        return Ok(source);
    }
    let found = if given.is_empty() { "none of them".to_owned() } else { given.join(" and ") };
    Err(reference.reject_whole(Mismatch::new("exactly one of file, env, credential", found)))
}

/// A secret in a file; a relative path starts at `base`.
pub(super) fn file(text: &str, base: &Path) -> Result<SecretSource, Mismatch> {
    rules::path(text, base).map(SecretSource::File)
}

/// A secret in an environment variable. The text is not shown: it may be the secret itself, in the wrong place.
pub(super) fn variable(text: &str) -> Result<SecretSource, Mismatch> {
    if text.is_empty() || text.contains(['=', '\0', ' ']) {
        return Err(Mismatch::new("the name of an environment variable", "a text that cannot be one"));
    }
    Ok(SecretSource::Env(text.to_owned()))
}

fn credential(text: &str) -> Result<SecretSource, Mismatch> {
    if matches!(text, "" | "." | "..") || text.contains(['/', '\\', '\0']) {
        return Err(Mismatch::new(
            "the name of a systemd credential, without /",
            "a text that cannot be one",
        ));
    }
    Ok(SecretSource::Credential(text.to_owned()))
}
