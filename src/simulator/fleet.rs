//! The streams of the believable fleet: names, accounts and tags.

use std::collections::BTreeMap;

/// The login of every simulated stream.
const USERNAME: &str = "simulated@example.com";

/// Name and zone of the first streams; the second is the quiet one of a believable audience.
const NAMED: [(&str, &str); 12] = [
    ("lobby", "entrance"),
    ("back-entrance", "entrance"),
    ("entrance-north", "entrance"),
    ("escalator", "hall"),
    ("food-court", "food"),
    ("shop-window", "shops"),
    ("entrance-south", "entrance"),
    ("atrium", "hall"),
    ("bookshop", "shops"),
    ("cinema", "leisure"),
    ("supermarket", "shops"),
    ("parking-lift", "parking"),
];

/// The zones of the other streams, in turn.
const OTHER_ZONES: [&str; 4] = ["hall", "shops", "entrance", "food"];

/// The sites, of a dozen streams each, in turn.
const SITES: [&str; 4] = ["paris-nord", "lyon-confluence", "lille-europe", "nantes-atlantis"];

/// One stream of a simulated system, with what a configuration needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedStream {
    /// Its name in a configuration.
    pub name: String,
    /// Its client id; its access token is that of [`access_token`].
    pub client_id: String,
    /// Its login. The simulated console takes any.
    pub username: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl SimulatedStream {
    /// The stream of the believable fleet at `index`.
    fn believable(index: usize) -> Self {
        let named = NAMED.get(index).map(|(name, zone)| ((*name).to_owned(), *zone));
        let (name, zone) = named
            .unwrap_or_else(|| (format!("camera-{:03}", index + 1), OTHER_ZONES[index % OTHER_ZONES.len()]));
        let site = SITES[index / NAMED.len() % SITES.len()];
        let tags = [("site", site), ("zone", zone)];
        Self {
            name,
            client_id: client_id(index),
            username: USERNAME.to_owned(),
            tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        }
    }

    /// A stream of a replay.
    pub(super) fn replayed(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            client_id: name.to_owned(),
            username: USERNAME.to_owned(),
            tags: BTreeMap::new(),
        }
    }
}

/// The first `streams` of the believable fleet.
pub fn fleet(streams: usize) -> Vec<SimulatedStream> {
    (0..streams).map(SimulatedStream::believable).collect()
}

/// The client id of the stream of the believable fleet at `index`.
pub(super) fn client_id(index: usize) -> String {
    format!("00000000-0000-4000-8000-{index:012x}")
}

/// The access token of a simulated stream.
pub fn access_token(client_id: &str) -> String {
    format!("secret-{client_id}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_slugs_and_unlike_each_other() {
        let fleet = fleet(1200);
        let names: BTreeSet<&str> = fleet.iter().map(|stream| stream.name.as_str()).collect();
        assert_eq!(names.len(), 1200);
        let slug =
            |name: &&str| name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
        assert!(names.iter().all(slug));
        assert_eq!((fleet[0].name.as_str(), fleet[12].name.as_str()), ("lobby", "camera-013"));
        assert_eq!(fleet[26].client_id, "00000000-0000-4000-8000-00000000001a");
    }
}
