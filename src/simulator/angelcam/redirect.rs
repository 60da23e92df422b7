//! Where a sign-in may lead back to, and the address that it leads back to.

use std::net::IpAddr;

use reqwest::Url;

use crate::simulator::credentials::REDIRECT_URI;

/// The address of `redirect_uri`; `None` where it is not registered. With `any`, those of this machine are.
pub(super) fn registered(redirect_uri: &str, any: bool) -> Option<Url> {
    let url = Url::parse(redirect_uri).ok().filter(|url| url.fragment().is_none())?;
    (redirect_uri == REDIRECT_URI || (any && url.scheme() == "http" && is_loopback(&url))).then_some(url)
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

/// `url` with the answer in its query: the state first, as the vendor does it.
pub(super) fn answered(mut url: Url, state: Option<&str>, name: &str, value: &str) -> Url {
    let mut query = url.query_pairs_mut();
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    query.append_pair(name, value);
    drop(query);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_led_back_to() {
        for (uri, any, registered_only) in [
            (REDIRECT_URI, true, true),
            ("http://127.0.0.1:9/cb", true, false),
            ("http://127.8.0.1/cb", true, false),
            ("http://[::1]:9/cb?x=1", true, false),
            ("http://localhost:9/", true, false),
            ("http://localhost.example.com/", false, false),
            ("http://192.0.2.1/cb", false, false),
            ("https://127.0.0.1/cb", false, false),
            ("http://127.0.0.1/cb#x", false, false),
            ("http://127.0.0.1:8400/callback/", true, false),
            ("callback", false, false),
        ] {
            assert_eq!(registered(uri, true).is_some(), any, "{uri}");
            assert_eq!(registered(uri, false).is_some(), registered_only, "{uri}");
        }
    }

    #[test]
    fn the_answer_is_encoded_and_keeps_what_was_there() {
        let url = || Url::parse("http://localhost/cb?x=1").unwrap();
        assert_eq!(answered(url(), Some("a b&"), "code", "c.").query(), Some("x=1&state=a+b%26&code=c."));
        assert_eq!(answered(url(), None, "error", "e").query(), Some("x=1&error=e"));
    }
}
