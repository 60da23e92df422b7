//! One camera as the listing shows it: useful, odd and secret fields (Angelcam contract, section 6).

use serde_json::{Map, Value, json};

use super::planted;
use crate::simulator::chance::{Dice, hash_text};

/// With what spreadsheets stumble over: accents, commas, quotes.
const PLACES: [&str; 8] = [
    "Lobby",
    "Entrée nord",
    "Food court, west",
    "Shop \"Alma\"",
    "Parking −2",
    "Rolltreppe Süd",
    "出口",
    "Back door",
];
const TYPES: [&str; 4] = ["h264", "h264", "h265", "mjpeg"];
const STATUSES: [&str; 5] = ["online", "online", "online", "offline", "unknown"];
const TAGS: [&str; 4] = ["shop", "entrance", "hall", "parking"];
const APPLICATIONS: [&str; 5] = ["LSA", "CRA", "VVA", "VPA", "TLA"];

/// The entry of the camera `id`, the same for the same seed, ever; `None` = one without an id.
pub(super) fn entry(seed: u64, id: Option<u64>) -> Value {
    let Some(id) = id else {
        return json!({ "name": "no id", "type": "h264", "status": "online", "event_api_hash": planted::event_hash(0) });
    };
    let mut dice = Dice::new(&[seed, hash_text("cameras"), id]);
    let place = pick(&mut dice, &PLACES);
    let mut entry = Map::new();
    let mut put = |name: &str, value: Value| entry.insert(name.to_owned(), value);
    put("id", json!(id));
    put("name", json!(format!("{place} {}", dice.between(1, 40))));
    put("type", json!(pick(&mut dice, &TYPES)));
    put("status", json!(pick(&mut dice, &STATUSES)));
    for switch in
        ["audio_enabled", "low_latency_enabled", "enable_status_checks", "enable_periodical_snapshots"]
    {
        put(switch, json!(dice.below(2) == 1));
    }
    put("applications", applications(&mut dice));
    put("snapshot", snapshot(id, &mut dice));
    put("live_snapshot", live_snapshot(id, &mut dice));
    put("streams", streams(id, &mut dice));
    put("event_api_hash", json!(planted::event_hash(id)));
    // The older specification knows no tags.
    if dice.below(4) > 0 {
        put("tags", tags(&mut dice));
    }
    Value::Object(entry)
}

fn pick<'a>(dice: &mut Dice, list: &[&'a str]) -> &'a str {
    let place = usize::try_from(dice.below(list.len() as u64)).unwrap_or(0);
    list.get(place).copied().unwrap_or_default()
}

fn tags(dice: &mut Dice) -> Value {
    let tags: Vec<&str> = TAGS.into_iter().filter(|_| dice.below(3) == 0).collect();
    json!(tags)
}

/// Sources disagree whether they are objects or text, so both come.
fn applications(dice: &mut Dice) -> Value {
    let mut list: Vec<Value> = Vec::new();
    for code in APPLICATIONS {
        match dice.below(3) {
            0 => list.push(json!(code)),
            1 => list.push(json!({ "code": code })),
            _ => {}
        }
    }
    json!(list)
}

fn snapshot(id: u64, dice: &mut Dice) -> Value {
    let day = dice.between(1, 28);
    // Sources disagree about fractions of seconds, too.
    let created_at = format!("2026-01-{day:02}T06:00:00{}Z", if day.is_multiple_of(2) { ".000" } else { "" });
    match dice.below(3) {
        0 => Value::Null,
        1 => json!({ "url": null, "created_at": created_at }),
        _ => {
            json!({ "url": format!("{}.jpg", address(&planted::snapshot_url(id))), "created_at": created_at })
        }
    }
}

fn live_snapshot(id: u64, dice: &mut Dice) -> Value {
    if dice.below(4) == 0 {
        return Value::Null;
    }
    json!(format!("{}/live.jpg", address(&planted::snapshot_url(id))))
}

fn streams(id: u64, dice: &mut Dice) -> Value {
    let mut streams = vec![json!({ "format": "hls", "url": address(&planted::stream_url(id)) })];
    if dice.below(2) == 0 {
        let url = format!("{}?timeout=3600", address(&planted::stream_url(id)));
        streams.push(json!({ "format": "mjpeg", "url": url, "refresh_rate": 2 }));
    }
    json!(streams)
}

fn address(secret: &str) -> String {
    format!("https://m1.angelcam.simulated.example/cameras/{secret}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_stays_what_it_is() {
        assert_eq!(entry(1, Some(7)), entry(1, Some(7)));
        assert_ne!(entry(1, Some(7)), entry(2, Some(7)));
        assert!(entry(1, None).get("id").is_none());
    }

    #[test]
    fn every_oddity_of_the_contract_occurs() {
        let entries: Vec<Value> = (1..=250).map(|id| entry(0, Some(id))).collect();
        let occurs = |what: &str, test: fn(&Value) -> bool| assert!(entries.iter().any(test), "{what}");
        for (field, values) in
            [("type", &["h264", "h265", "mjpeg"]), ("status", &["online", "offline", "unknown"])]
        {
            assert!(
                values.iter().all(|value| entries.iter().any(|entry| entry[field] == **value)),
                "{field}"
            );
        }
        occurs("no snapshot", |entry| entry["snapshot"].is_null());
        occurs("a snapshot without an address", |entry| {
            entry["snapshot"].is_object() && entry["snapshot"]["url"].is_null()
        });
        occurs("no live snapshot", |entry| entry["live_snapshot"].is_null());
        occurs("no tags", |entry| entry.get("tags").is_none());
        occurs("empty tags", |entry| entry["tags"] == json!([]));
        occurs("applications of both kinds", |entry| {
            let list = entry["applications"].as_array().unwrap();
            list.iter().any(Value::is_string) && list.iter().any(Value::is_object)
        });
    }

    #[test]
    fn everything_secret_is_marked() {
        for id in 1..=50 {
            let entry = entry(0, Some(id));
            let marked = |value: &Value| value.as_str().is_none_or(|text| text.contains(planted::MARK));
            assert!(marked(&entry["event_api_hash"]) && marked(&entry["live_snapshot"]));
            assert!(marked(&entry["snapshot"]["url"]));
            assert!(entry["streams"].as_array().unwrap().iter().all(|stream| marked(&stream["url"])));
        }
    }
}
