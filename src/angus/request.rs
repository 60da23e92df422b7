//! The addresses that are asked (sections 1 and 3).

use chrono::{DateTime, Utc};
use reqwest::Url;

use crate::{
    metric::MetricSet,
    time::{BucketSize, TimeRange, to_wire},
    wire::below,
};

/// The path of the Data API; no slash at its end.
pub(super) const ENTITIES_PATH: &str = "/api/1/entities";

/// The path that makes tokens; the slash at its end is part of it.
pub(super) const TOKEN_PATH: &str = "/api-token-authstream/";

/// The address of the first page of a listing. Colons and plus signs are encoded, commas are not, and it has no `page`
/// parameter: exactly the form of the contract's test vectors.
pub(super) fn first_page_url(base: &Url, metrics: &MetricSet, range: TimeRange, size: BucketSize) -> Url {
    let query = format!(
        "metrics={}&from_date={}&to_date={}&time={}",
        metrics.to_parameter(),
        encoded(range.start()),
        encoded(range.end()),
        size.as_str()
    );
    let mut url = below(base, ENTITIES_PATH);
    url.set_query(Some(&query));
    url
}

/// The address of a page of the listing that begins at `first`.
pub(super) fn page_url(first: &Url, page: u64) -> Url {
    let mut url = first.clone();
    if page > 1 {
        url.query_pairs_mut().append_pair("page", &page.to_string());
    }
    url
}

/// Why a `next_page` is not where we would go next; `None` where it is (section 6).
pub(super) fn next_page_mismatch(base: &Url, next_page: &str, next: u64) -> Option<&'static str> {
    if is_plainly_next(base, next_page, next) {
        return None;
    }
    let Ok(url) = base.join(next_page) else { return Some("is not an address") };
    if url.origin() != base.origin() {
        return Some("points to another host");
    }
    if url.path() != below(base, ENTITIES_PATH).path() {
        return Some("points to another path");
    }
    let page = url.query_pairs().find(|(key, _)| key == "page").map(|(_, value)| value.into_owned());
    (page != Some(next.to_string())).then_some("does not name the page after this one")
}

/// Whether the text says so itself, with nothing in it that an address could be rewritten by.
fn is_plainly_next(base: &Url, next_page: &str, next: u64) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#');
    let text = next_page.strip_prefix(base.as_str().trim_end_matches('/'));
    let query = text.and_then(|text| text.strip_prefix(ENTITIES_PATH)?.strip_prefix('?'));
    let page = query.and_then(|query| query.split('&').find_map(|part| part.strip_prefix("page=")));
    // A key that is encoded may be another spelling of this one.
    let is_encoded = |part: &str| part.split('=').next().unwrap_or_default().contains(['%', '+']);
    page.is_some_and(|page| *page == *next.to_string())
        && next_page.bytes().all(is_plain)
        && !query.is_some_and(|query| query.split('&').any(is_encoded))
}

fn encoded(instant: DateTime<Utc>) -> String {
    to_wire(instant).replace(':', "%3A").replace('+', "%2B")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metric::Metric, time::parse_label};

    fn base() -> Url {
        Url::parse("https://data.angus.ai").unwrap()
    }

    fn vector_5(page: u64) -> String {
        let metrics = MetricSet::new([Metric::PassingBy, Metric::Interested]).unwrap();
        let at = |text: &str| parse_label(text).unwrap();
        let range = TimeRange::new(at("2026-03-02T08:00:00Z"), at("2026-03-02T11:00:00Z")).unwrap();
        page_url(&first_page_url(&base(), &metrics, range, BucketSize::Hour), page).to_string()
    }

    #[test]
    fn angus_vector_05_the_request_is_encoded_as_documented() {
        let expected = "https://data.angus.ai/api/1/entities?metrics=passing_by,interested\
            &from_date=2026-03-02T08%3A00%3A00%2B00%3A00&to_date=2026-03-02T11%3A00%3A00%2B00%3A00&time=by_hour";
        assert_eq!(vector_5(1), expected);
        assert_eq!(vector_5(3), format!("{expected}&page=3"));
    }

    #[test]
    fn a_base_url_with_a_path_keeps_it() {
        let base = Url::parse("https://gateway.example.com/angus/").unwrap();
        assert_eq!(
            below(&base, TOKEN_PATH).as_str(),
            "https://gateway.example.com/angus/api-token-authstream/"
        );
    }

    #[test]
    fn a_next_page_is_checked_and_never_trusted() {
        let check = |next_page: &str| next_page_mismatch(&base(), next_page, 2);
        assert_eq!(check("/api/1/entities?metrics=passing_by&page=2"), None);
        assert_eq!(check("https://data.angus.ai/api/1/entities?page=2"), None);
        assert_eq!(check("https://data.angus.ai:443/api/1/entities?page=2"), None);
        assert!(check("https://evil.example.com/api/1/entities?page=2").is_some());
        assert!(check("//evil.example.com/api/1/entities?page=2").is_some());
        assert!(check("http://data.angus.ai/api/1/entities?page=2").is_some());
        assert!(check("https://data.angus.ai:8443/api/1/entities?page=2").is_some());
        assert!(check("/api/1/other?page=2").is_some());
        assert!(check("/api/1/entities?page=1").is_some());
        assert!(check("https://").is_some());
    }
}
