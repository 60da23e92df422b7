//! Rules for URLs: no secret travels in the clear, and none is shown.

use std::net::IpAddr;

use reqwest::Url;

use super::report::Mismatch;

const EXPECTED: &str = "an https:// URL";

/// A URL that paths can be joined to.
pub(super) fn base(text: &str) -> Result<Url, Mismatch> {
    let url = parse(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Mismatch::new("a URL without query and fragment", "one with them"));
    }
    judge_scheme(url, text)
}

/// A URL that is asked as it is: path and query stay as they are written.
pub(super) fn whole(text: &str) -> Result<Url, Mismatch> {
    let url = parse(text)?;
    if url.fragment().is_some() {
        return Err(Mismatch::new("a URL without fragment", "one with a fragment"));
    }
    judge_scheme(url, text)
}

/// A URL that somebody else compares letter by letter, so that it must not change on its way through a parser.
pub(super) fn verbatim(text: &str) -> Result<Url, Mismatch> {
    let url = whole(text)?;
    if url.as_str() == text {
        return Ok(url);
    }
    let found = before_query(text);
    let hint = format!("write \"{}\", and register it so", before_query(url.as_str()));
    Err(Mismatch::quoting("the URL as it is sent, since it is compared letter by letter", found).hint(hint))
}

/// An absolute URL without user name and password.
fn parse(text: &str) -> Result<Url, Mismatch> {
    let url = Url::parse(text)
        .map_err(|reason| Mismatch::new(EXPECTED, format!("text that is none ({reason})")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Mismatch::new("a URL without user name and password", "one with them"));
    }
    Ok(url)
}

/// Plain http leads to this machine only.
fn judge_scheme(url: Url, text: &str) -> Result<Url, Mismatch> {
    let shown = before_query(text);
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => {
            Err(Mismatch::quoting("https://, or http:// to this machine only", shown).hint("write https://"))
        }
        _ => Err(Mismatch::quoting(EXPECTED, shown)),
    }
}

/// The part that may be shown: keys travel in queries.
fn before_query(text: &str) -> &str {
    text.split('?').next().unwrap_or_default()
}

/// Whether `url` leads to this machine, by its host as it is written: no name is looked up.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_nowhere_beyond_this_machine() {
        for allowed in [
            "https://console.angus.ai",
            "https://proxy.example.com/angus",
            "http://127.0.0.1:8400",
            "http://127.8.9.1/",
            "http://[::1]:8400",
            "http://localhost:8400",
            "http://LOCALHOST",
        ] {
            assert!(base(allowed).is_ok(), "{allowed}");
            assert!(whole(allowed).is_ok(), "{allowed}");
        }
        for refused in [
            "http://data.angus.ai",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://128.0.0.1",
            "http://[::2]",
            "http://0.0.0.0",
            "ftp://127.0.0.1",
            "data.angus.ai",
            "https://",
            "https://a:b@data.angus.ai",
            "https://a@data.angus.ai",
            "https://data.angus.ai#part",
        ] {
            assert!(base(refused).is_err(), "{refused}");
            assert!(whole(refused).is_err(), "{refused}");
            assert!(verbatim(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn only_a_whole_address_may_have_a_query() {
        assert!(base("https://data.angus.ai?key=1").is_err());
        assert!(base("https://data.angus.ai/?").is_err());
        assert!(whole("https://data.angus.ai?key=1").is_ok());
    }

    #[test]
    fn a_whole_address_keeps_its_path_as_it_is_written() {
        for text in [
            "https://my.angelcam.com/oauth/token/",
            "https://my.angelcam.com/oauth/token",
            "https://target.example.com/a//b/%7Ec?mode=upsert&x=%20",
        ] {
            assert_eq!(whole(text).ok().as_ref().map(Url::as_str), Some(text));
        }
    }

    #[test]
    fn a_url_that_others_compare_is_sent_as_it_is_written() {
        for kept in ["http://127.0.0.1:8400/callback", "https://app.example.com/cb/?x=1", "http://[::1]/"] {
            assert_eq!(verbatim(kept).ok().as_ref().map(Url::as_str), Some(kept));
        }
        for changed in [
            "http://127.0.0.1:8400",
            "https://App.example.com/cb",
            "https://app.example.com:443/cb",
            "https://app.example.com/a/../cb",
            " https://app.example.com/cb",
        ] {
            assert!(whole(changed).is_ok(), "{changed}");
            assert!(verbatim(changed).is_err(), "{changed}");
        }
    }
}
