//! Addresses below a configured one.

use reqwest::Url;

/// `path`, which begins with a slash, below `base`, which may itself have a path, with a slash at its end or without.
pub(crate) fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}
