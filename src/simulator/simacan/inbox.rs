//! What was delivered, and how its import goes on.

use std::collections::HashMap;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::simulator::accounts::mint::uuid;

/// One delivery, however often it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The method of its first request.
    pub method: String,
    /// Where it was sent, with the prefix of the system: `/simacan/trips/insertOrUpdate`.
    pub path: String,
    /// Its `Idempotency-Key`, if it had one.
    pub idempotency_key: Option<String>,
    /// As sent, with parameters.
    pub content_type: String,
    /// The `stream` of its first row, where there is one.
    pub stream: Option<String>,
    /// The `bucket_start` of its first row, where there is one.
    pub first_bucket: Option<String>,
    /// As sent.
    pub body: Bytes,
    /// The UUID that answered it.
    pub receipt: String,
    /// How often it came.
    pub times: u64,
}

impl Received {
    /// The receipt that follows from path and key; two paths are two targets, which know nothing of each other's keys.
    fn derived_receipt(&self) -> Option<String> {
        let key = self.idempotency_key.as_ref()?;
        Some(uuid(Sha256::digest(format!("{} {key}", self.path)).into()))
    }
}

/// Everything that was delivered.
#[derive(Default)]
pub(super) struct Inbox {
    received: Vec<Received>,
    /// By receipt, where in `received` it lies.
    places: HashMap<String, usize>,
    /// By receipt, how often the import was asked after.
    asked: HashMap<String, u64>,
}

impl Inbox {
    pub(super) fn received(&self) -> &[Received] {
        &self.received
    }

    /// Keeps a delivery, which comes with a fresh receipt, and tells the receipt it has from now on: the same for the
    /// same key. `None` where the key came with another body before.
    pub(super) fn keep(&mut self, mut delivery: Received) -> Option<String> {
        if let Some(receipt) = delivery.derived_receipt() {
            delivery.receipt = receipt;
        }
        let receipt = delivery.receipt.clone();
        if let Some(known) = self.places.get(&receipt).and_then(|place| self.received.get_mut(*place)) {
            let same = known.body == delivery.body;
            known.times += u64::from(same);
            return same.then_some(receipt);
        }
        self.places.insert(receipt.clone(), self.received.len());
        self.received.push(delivery);
        Some(receipt)
    }

    /// The delivery of `receipt`, and how often it was asked after before.
    pub(super) fn ask(&mut self, receipt: &str) -> Option<(&Received, u64)> {
        let received = self.places.get(receipt).and_then(|place| self.received.get(*place))?;
        let times = self.asked.entry(receipt.to_owned()).or_default();
        *times += 1;
        Some((received, *times - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(path: &str, key: Option<&str>, body: &'static str, receipt: &str) -> Received {
        Received {
            method: "POST".into(),
            path: path.into(),
            idempotency_key: key.map(str::to_owned),
            content_type: "text/csv".into(),
            stream: None,
            first_bucket: None,
            body: body.into(),
            receipt: receipt.into(),
            times: 1,
        }
    }

    #[test]
    fn a_key_stands_for_one_body_at_one_path() {
        let mut inbox = Inbox::default();
        let mut keep = |path, key, body| inbox.keep(delivery(path, Some(key), body, "fresh"));
        let first = keep("/a", "k", "x").unwrap();
        assert_eq!(keep("/a", "k", "x"), Some(first.clone()));
        assert_eq!(keep("/a", "k", "y"), None);
        let elsewhere = keep("/b", "k", "y").unwrap();
        assert_ne!(elsewhere, first);
        let came: Vec<(&str, u64)> =
            inbox.received().iter().map(|received| (received.path.as_str(), received.times)).collect();
        assert_eq!(came, [("/a", 2), ("/b", 1)]);
    }

    #[test]
    fn without_a_key_everything_is_new() {
        let mut inbox = Inbox::default();
        for fresh in ["one", "two"] {
            assert_eq!(inbox.keep(delivery("/a", None, "x", fresh)).as_deref(), Some(fresh));
        }
        assert_eq!(inbox.received().len(), 2);
    }

    #[test]
    fn asking_after_an_import_is_counted() {
        let mut inbox = Inbox::default();
        let receipt = inbox.keep(delivery("/a", None, "x", "one")).unwrap();
        assert_eq!(inbox.ask(&receipt).unwrap().1, 0);
        assert_eq!(inbox.ask(&receipt).unwrap().1, 1);
        assert!(inbox.ask("two").is_none());
    }
}
