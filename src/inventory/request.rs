//! The addresses that are asked (Angelcam contract, sections 1 and 6). Each path ends with a slash: without it the
//! service answers 404.

use reqwest::Url;

use crate::wire::below;

/// Below the configured base.
const ME_PATH: &str = "/me/";

/// Below the configured base.
const CAMERAS_PATH: &str = "/cameras/";

/// How many cameras a page may hold.
const PAGE_SIZE: u64 = 100;

/// Where an account tells who it is.
pub(super) fn me_url(api_url: &Url) -> Url {
    below(api_url, ME_PATH)
}

/// Where the cameras from the `offset`-th on are listed. The service knows no offset 0: the first page has none.
pub(super) fn cameras_url(api_url: &Url, offset: u64) -> Url {
    let mut url = below(api_url, CAMERAS_PATH);
    let first_page = format!("limit={PAGE_SIZE}");
    url.set_query(Some(&if offset == 0 { first_page } else { format!("{first_page}&offset={offset}") }));
    url
}

/// Why `next` of a page is no address of cameras at the configured base; `None` where it is one. It is never asked either
/// way.
pub(super) fn next_mismatch(api_url: &Url, next: &str) -> Option<&'static str> {
    let cameras = below(api_url, CAMERAS_PATH);
    let Ok(next) = cameras.join(next) else { return Some("is not an address") };
    if next.scheme() != cameras.scheme() {
        return Some("has another scheme");
    }
    if next.origin() != cameras.origin() {
        return Some("points to another host");
    }
    (next.path() != cameras.path()).then_some("points to another path")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASES: [&str; 2] = ["https://api.angelcam.com/v1", "https://api.angelcam.com/v1/"];

    fn base() -> Url {
        Url::parse(BASES[0]).unwrap()
    }

    #[test]
    fn angelcam_vector_13_every_path_ends_with_a_slash_before_the_query() {
        for base in BASES.map(|base| Url::parse(base).unwrap()) {
            assert_eq!(me_url(&base).as_str(), "https://api.angelcam.com/v1/me/");
            let first = "https://api.angelcam.com/v1/cameras/?limit=100";
            assert_eq!(cameras_url(&base, 0).as_str(), first);
            assert_eq!(cameras_url(&base, 1).as_str(), format!("{first}&offset=1"));
            assert_eq!(cameras_url(&base, 250).as_str(), format!("{first}&offset=250"));
        }
    }

    #[test]
    fn a_next_is_checked_and_never_trusted() {
        let check = |next: &str| next_mismatch(&base(), next);
        assert_eq!(check("https://api.angelcam.com/v1/cameras/?limit=100&offset=100"), None);
        assert_eq!(check("https://api.angelcam.com:443/v1/cameras/?offset=7"), None);
        assert_eq!(check("/v1/cameras/?offset=100"), None);
        assert_eq!(check("?offset=100"), None);
        let elsewhere = "points to another host";
        assert_eq!(check("https://evil.example.com/v1/cameras/?offset=100"), Some(elsewhere));
        assert_eq!(check("//evil.example.com/v1/cameras/"), Some(elsewhere));
        assert_eq!(check("https://api.angelcam.com:8443/v1/cameras/"), Some(elsewhere));
        assert_eq!(check("https://api.angelcam.com.example.com/v1/cameras/"), Some(elsewhere));
        assert_eq!(check("http://api.angelcam.com/v1/cameras/"), Some("has another scheme"));
        assert_eq!(check("file:///v1/cameras/"), Some("has another scheme"));
        assert_eq!(check("https://api.angelcam.com/v1/cameras"), Some("points to another path"));
        assert_eq!(check("https://api.angelcam.com/v2/cameras/"), Some("points to another path"));
        assert_eq!(check("https://"), Some("is not an address"));
    }
}
