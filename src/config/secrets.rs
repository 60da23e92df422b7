//! Reads secrets from where they are kept.

use std::{
    ffi::OsString,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use reqwest::Url;

use super::{SecretSource, problem::reason, urls};
use crate::{environment, secret::Secret};

/// The largest file that is taken for a secret, in bytes.
const LARGEST_BYTES: u64 = 64 * 1024;

/// Where systemd tells the folder of credentials.
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Why a secret could not be had. It names the place and the next step, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It is not where it should be, or may not be read.
    #[error("{place} cannot be read: {reason}; {next_step}")]
    Unreadable {
        /// As [`SecretSource::describe`] tells it.
        place: String,
        /// Why.
        reason: String,
        /// What to do.
        next_step: String,
    },
    /// There is something, but it cannot be a secret.
    #[error("{place} {defect}; put the secret alone into it")]
    Unusable {
        /// As [`SecretSource::describe`] tells it.
        place: String,
        /// What is wrong with it.
        defect: &'static str,
    },
}

impl SecretSource {
    /// Reads the secret now.
    pub fn resolve(&self) -> Result<Secret, SecretError> {
        let place = self.describe();
        match self {
            Self::File(path) => read_file(path, place, "write the secret there, for its owner only"),
            Self::Env(name) => from_variable(environment::variable(name), place),
            Self::Credential(name) => {
                let path = credential_path(environment::variable(CREDENTIALS_DIRECTORY), name)?;
                read_file(&path, place, "check LoadCredential= in the unit")
            }
            Self::Literal(secret) => Ok(secret.clone()),
        }
    }

    /// Reads a URL that is a secret itself now, under the rule for those that stand in the configuration.
    pub fn resolve_url(&self) -> Result<Url, SecretError> {
        let text = self.resolve()?;
        urls::whole(text.expose()).map_err(|_| SecretError::Unusable {
            place: self.describe(),
            defect: "holds no https:// URL, or http:// to this machine",
        })
    }

    /// What deserves a look at the place itself, in one sentence.
    pub fn warnings(&self) -> Option<String> {
        match self {
            Self::File(path) if others_can_read(path) => {
                let path = path.display();
                Some(format!("secret file {path} can be read by other users; run: chmod 600 {path}"))
            }
            _ => None,
        }
    }

    /// The place, for people.
    pub fn describe(&self) -> String {
        match self {
            Self::File(path) => format!("file {}", path.display()),
            Self::Env(name) => format!("environment variable {name}"),
            Self::Credential(name) => format!("systemd credential {name}"),
            Self::Literal(_) => "a literal in the configuration".to_owned(),
        }
    }
}

fn read_file(path: &Path, place: String, next_step: &str) -> Result<Secret, SecretError> {
    let mut bytes = Vec::new();
    // One byte more than is allowed tells a file that is too large, without reading all of it.
    let read = File::open(path).and_then(|file| file.take(LARGEST_BYTES + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) => secret(bytes, place),
        Err(error) => {
            Err(SecretError::Unreadable { place, reason: reason(&error), next_step: next_step.to_owned() })
        }
    }
}

/// The text without one line break at its end, which editors put there.
fn secret(bytes: Vec<u8>, place: String) -> Result<Secret, SecretError> {
    if bytes.len() as u64 > LARGEST_BYTES {
        return Err(SecretError::Unusable { place, defect: "is larger than 64 KiB" });
    }
    let Ok(mut text) = String::from_utf8(bytes) else {
        return Err(SecretError::Unusable { place, defect: "is not UTF-8 text" });
    };
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        return Err(SecretError::Unusable { place, defect: "is empty" });
    }
    Ok(Secret::new(text))
}

fn from_variable(value: Option<OsString>, place: String) -> Result<Secret, SecretError> {
    let Some(value) = value else {
        let reason = "it is not set".to_owned();
        return Err(SecretError::Unreadable {
            place,
            reason,
            next_step: "set it and start again".to_owned(),
        });
    };
    match value.into_string() {
        Ok(text) => Ok(Secret::new(text)),
        Err(_) => Err(SecretError::Unusable { place, defect: "is not UTF-8 text" }),
    }
}

fn credential_path(directory: Option<OsString>, name: &str) -> Result<PathBuf, SecretError> {
    directory.map(|directory| Path::new(&directory).join(name)).ok_or_else(|| SecretError::Unreadable {
        place: format!("systemd credential {name}"),
        reason: format!("{CREDENTIALS_DIRECTORY} is not set"),
        next_step: format!("start through systemd, with LoadCredential={name}:PATH in the unit"),
    })
}

#[cfg(unix)]
fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    let readable_by_group_or_others = 0o044;
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & readable_by_group_or_others != 0)
}

#[cfg(not(unix))]
fn others_can_read(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What a file with `content` gives, with the folder's name taken out of the message.
    fn resolved(content: &[u8]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lobby");
        fs::write(&path, content).unwrap();
        let secret = SecretSource::File(path).resolve();
        let prefix = format!("{}/", folder.path().display());
        secret
            .map(|secret| secret.expose().to_owned())
            .map_err(|error| error.to_string().replace(&prefix, ""))
    }

    #[test]
    fn a_file_loses_one_line_break_and_nothing_else() {
        assert_eq!(resolved(b"s3cret"), Ok("s3cret".to_owned()));
        assert_eq!(resolved(b"s3cret\n"), Ok("s3cret".to_owned()));
        assert_eq!(resolved(b"s3cret\r\n"), Ok("s3cret".to_owned()));
        assert_eq!(resolved(b" s3cret \n\n"), Ok(" s3cret \n".to_owned()));
        assert_eq!(resolved(b"s3cret\r"), Ok("s3cret\r".to_owned()));
        assert_eq!(resolved(&vec![b'x'; 65_536]).unwrap().len(), 65_536);
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused_without_showing_it() {
        let refused = |defect: &str| Err(format!("file lobby {defect}; put the secret alone into it"));
        assert_eq!(resolved(b""), refused("is empty"));
        assert_eq!(resolved(b"\r\n"), refused("is empty"));
        assert_eq!(resolved(b"s3cret\xff"), refused("is not UTF-8 text"));
        assert_eq!(resolved(&vec![b'x'; 65_537]), refused("is larger than 64 KiB"));
    }

    #[test]
    fn a_file_that_is_not_there_is_named_with_the_next_step() {
        let error = SecretSource::File(PathBuf::from("no/such/secret")).resolve().err().unwrap();
        assert_eq!(
            error.to_string(),
            "file no/such/secret cannot be read: no such file; write the secret there, for its owner only"
        );
        let folder = tempfile::tempdir().unwrap();
        let error = SecretSource::File(folder.path().to_owned()).resolve().err().unwrap();
        assert!(error.to_string().contains("it is a folder"), "{error}");
    }

    #[test]
    fn a_url_that_is_secret_follows_the_rule_of_the_others_and_is_not_shown() {
        let url = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("webhook");
            fs::write(&path, text).unwrap();
            let prefix = format!("{}/", folder.path().display());
            let url = SecretSource::File(path).resolve_url();
            url.map(String::from).map_err(|error| error.to_string().replace(&prefix, ""))
        };
        for allowed in ["https://hooks.example.com/s3cret?x=1", "http://127.0.0.1:1/s3cret"] {
            assert_eq!(url(&format!("{allowed}\n")), Ok(allowed.to_owned()));
        }
        let refused =
            "file webhook holds no https:// URL, or http:// to this machine; put the secret alone into it";
        for text in ["http://hooks.example.com/s3cret", "s3cret", "https://a:s3cret@example.com/", "https://"]
        {
            assert_eq!(url(text), Err(refused.to_owned()));
        }
        assert_eq!(url(""), Err("file webhook is empty; put the secret alone into it".to_owned()));
    }

    #[test]
    fn a_variable_is_taken_as_it_is() {
        let place = || "environment variable LOBBY_TOKEN".to_owned();
        let secret = from_variable(Some("s3cret\n".into()), place()).ok().unwrap();
        assert_eq!(secret.expose(), "s3cret\n");
        let error = SecretSource::Env("AUDIENCE_EXPORTER_NEVER_SET".to_owned()).resolve().err().unwrap();
        assert_eq!(
            error.to_string(),
            "environment variable AUDIENCE_EXPORTER_NEVER_SET cannot be read: it is not set; \
             set it and start again"
        );
        let path = SecretSource::Env("PATH".to_owned()).resolve().ok().unwrap();
        assert!(!path.expose().is_empty());
    }

    #[test]
    fn a_credential_is_a_file_in_the_folder_that_systemd_names() {
        assert_eq!(credential_path(Some("/run/c".into()), "lobby").unwrap(), Path::new("/run/c/lobby"));
        let error = credential_path(None, "lobby").unwrap_err();
        assert_eq!(
            error.to_string(),
            "systemd credential lobby cannot be read: CREDENTIALS_DIRECTORY is not set; \
             start through systemd, with LoadCredential=lobby:PATH in the unit"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_earns_a_warning() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lobby");
        fs::write(&path, "s3cret").unwrap();
        let warning = |mode| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            SecretSource::File(path.clone()).warnings()
        };
        let shown = path.display();
        let expected = format!("secret file {shown} can be read by other users; run: chmod 600 {shown}");
        assert_eq!(warning(0o600), None);
        assert_eq!(warning(0o640), Some(expected.clone()));
        assert_eq!(warning(0o604), Some(expected));
        assert_eq!(SecretSource::File(folder.path().join("none")).warnings(), None);
        assert_eq!(SecretSource::Env("X".to_owned()).warnings(), None);
    }

    #[test]
    fn every_place_has_a_name_and_no_value() {
        let literal = SecretSource::Literal(Secret::new("s3cret".to_owned()));
        assert_eq!(SecretSource::File("secrets/lobby".into()).describe(), "file secrets/lobby");
        assert_eq!(SecretSource::Env("X".to_owned()).describe(), "environment variable X");
        assert_eq!(SecretSource::Credential("x".to_owned()).describe(), "systemd credential x");
        assert_eq!(literal.describe(), "a literal in the configuration");
        assert_eq!(literal.resolve().ok().unwrap().expose(), "s3cret");
    }
}
