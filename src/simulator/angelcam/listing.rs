//! Pages of cameras (Angelcam contract, section 6).

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::{Value, json};

use super::{Angelcam, camera, envelope, inventory::Inventory};
use crate::simulator::{
    accounts::{Refused, form::Form, gate, lock},
    server::Server,
};

/// The most cameras on a page, and how many there are where nobody says.
const MOST: usize = 100;

/// Which part of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slice {
    limit: usize,
    offset: usize,
}

pub(super) async fn show(
    State(server): State<Arc<Server>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visitor = server.angelcam.admit(&headers, "camera_access", server.now())?;
    let slice = Slice::read(query.as_deref().unwrap_or_default())?;
    let url = format!("{}/angelcam/v1/cameras/", server.base_url(&headers));
    gate::carry_out(&server, visitor, || Ok(server.angelcam.page(slice, &url))).await
}

impl Angelcam {
    fn page(&self, slice: Slice, url: &str) -> String {
        slice.page(&lock(&self.inventory), url).to_string()
    }
}

impl Slice {
    /// Reads a query. The least offset is 1, as the schema says: the first page has none.
    fn read(query: &str) -> Result<Self, Refused> {
        let refuse = |detail: &str| envelope::refusal(StatusCode::BAD_REQUEST, detail);
        let form = Form::decode(query).ok_or_else(|| refuse("Malformed query."))?;
        if !form.holds(&[], &["limit", "offset"]) {
            return Err(refuse("Unknown parameter; limit and offset are simulated."));
        }
        let number = |name: &str, absent: usize| match form.get(name).map(str::parse) {
            None => Ok(absent),
            Some(Ok(number)) if number >= 1 => Ok(number),
            Some(_) => Err(envelope::invalid(name, "Ensure this value is greater than or equal to 1.")),
        };
        Ok(Self { limit: number("limit", MOST)?.min(MOST), offset: number("offset", 0)? })
    }

    fn page(self, inventory: &Inventory, url: &str) -> Value {
        let entries = inventory.entries();
        let begin = self.offset.min(entries.len());
        let end = begin.saturating_add(self.limit).min(entries.len());
        let results: Vec<Value> =
            entries[begin..end].iter().map(|id| camera::entry(inventory.seed(), *id)).collect();
        json!({
            "count": entries.len(),
            "next": (end < entries.len()).then(|| self.link(url, end)),
            "previous": (self.offset > 0).then(|| self.link(url, self.offset.saturating_sub(self.limit))),
            "results": results,
        })
    }

    fn link(self, url: &str, offset: usize) -> String {
        let limit = self.limit;
        if offset == 0 {
            format!("{url}?limit={limit}")
        } else {
            format!("{url}?limit={limit}&offset={offset}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(query: &str) -> Option<(usize, usize)> {
        Slice::read(query).ok().map(|slice| (slice.limit, slice.offset))
    }

    #[test]
    fn a_query_is_read_strictly() {
        assert_eq!(slice(""), Some((100, 0)));
        assert_eq!(slice("limit=7&offset=1"), Some((7, 1)));
        assert_eq!(slice("limit=1000"), Some((100, 0)));
        for query in ["offset=0", "limit=0", "limit=-1", "limit=x", "limit=", "tags=shop", "limit=1&limit=2"]
        {
            assert_eq!(slice(query), None, "{query}");
        }
    }

    #[test]
    fn links_lead_on_and_back() {
        let inventory = Inventory::new(0, 5, false);
        let links = |limit, offset| {
            let page = Slice { limit, offset }.page(&inventory, "u/");
            let results = page["results"].as_array().unwrap().len();
            (results, page["next"].as_str().map(str::to_owned), page["previous"].as_str().map(str::to_owned))
        };
        let link = |text: &str| Some(text.to_owned());
        assert_eq!(links(2, 0), (2, link("u/?limit=2&offset=2"), None));
        assert_eq!(links(2, 2), (2, link("u/?limit=2&offset=4"), link("u/?limit=2")));
        assert_eq!(links(2, 3), (2, None, link("u/?limit=2&offset=1")));
        assert_eq!(links(2, 9), (0, None, link("u/?limit=2&offset=7")));
    }
}
