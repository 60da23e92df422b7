//! Whatever goes wrong on the way: one effect for each version of each file, in order.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex},
};

use chrono::TimeDelta;

use crate::{
    bench::{Arrived, Bench, REFRESH, Setup, TARGET, pair},
    double::{Answer, Behaviour, Double, Request},
};

/// A target that does what it is asked once for each key, and that fails in every way on the way there and back.
#[derive(Default)]
struct Site {
    /// Numbers of faults to come, which the test drew.
    draws: u64,
    tokens_made: u32,
    /// Whether the token that was made last has been declared dead.
    is_expired: bool,
    /// Contents by key, in the order in which they first took effect.
    effects: Vec<(String, Vec<u8>)>,
    arrivals: usize,
}

impl Site {
    fn answer(&mut self, request: &Request) -> Behaviour {
        if request.target.contains("/auth/") {
            let is_known = self.tokens_made == 0 || request.line() == REFRESH;
            assert!(is_known, "the password again: {request:?}");
            self.tokens_made += 1;
            self.is_expired = false;
            return pair(self.tokens_made);
        }
        assert_eq!(request.target, TARGET);
        let upload = Arrived::of(request);
        self.arrivals += 1;
        let is_current = upload.token == format!("A{}", self.tokens_made) && !self.is_expired;
        if !is_current {
            return Behaviour::text(401, "expired");
        }
        self.take(upload)
    }

    fn take(&mut self, upload: Arrived) -> Behaviour {
        let fine = Answer::new(200, "text/plain", "thank you");
        match self.draw() % 10 {
            0 => Behaviour::text(500, "before"),
            1 => Answer::new(503, "text/plain", "").with("Retry-After", "3").into(),
            2 => Behaviour::Close,
            3 => {
                self.is_expired = true;
                Behaviour::text(401, "expired early")
            }
            4 => self.effect(upload, Behaviour::Reset),
            5 => self.effect(upload, Behaviour::text(502, "after")),
            6 => self.effect(upload, Behaviour::Truncated(fine)),
            _ => self.effect(upload, fine.into()),
        }
    }

    fn effect(&mut self, upload: Arrived, behaviour: Behaviour) -> Behaviour {
        match self.effects.iter().find(|(key, _)| *key == upload.key) {
            Some((_, body)) => assert_eq!(*body, upload.body, "one key, two contents"),
            None => self.effects.push((upload.key, upload.body)),
        }
        behaviour
    }

    /// Spread evenly, and the same in every run of the test (a 64-bit generator of Knuth's).
    fn draw(&mut self) -> u64 {
        self.draws =
            self.draws.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.draws >> 33
    }
}

/// Publishes, restates, delivers and restarts until nothing is left to send.
async fn history(seed: u64) {
    let site = Arc::new(Mutex::new(Site { draws: seed, ..Site::default() }));
    let asked = Arc::clone(&site);
    let double = Double::handler(move |request| Some(asked.lock().unwrap().answer(request))).await;
    let method = if seed.is_multiple_of(2) { "method = \"PUT\"" } else { "method = \"POST\"" };
    let mut bench = Bench::with(&double, &Setup::delivery(method));
    let mut published: BTreeMap<&str, Vec<(String, Vec<u8>)>> = BTreeMap::new();
    for round in 1..=4 {
        for stream in ["lobby", "mall"] {
            for (day, people) in [(round, 10), (1, 10 * i64::from(round))] {
                let version = bench.publish(stream, day, people);
                let versions = published.entry(stream).or_default();
                if !versions.iter().any(|(key, _)| *key == version.key) {
                    versions.push((version.key, version.bytes));
                }
            }
        }
        // Everything is sent before anything is restated again, so that every version has its effect.
        for run in 0.. {
            assert!(run < 100, "{seed}: {:?}", bench.status());
            let report = bench.deliver().await;
            assert_eq!(report.parked, 0, "{seed}: {:?}", bench.parked());
            bench.pass(TimeDelta::minutes(61));
            if report.still_pending == 0 {
                break;
            }
            if run % 2 == 1 {
                bench = bench.restarted_with(&Setup::delivery(method));
            }
        }
    }
    let site = site.lock().unwrap();
    assert_eq!(site.effects.len(), published.values().map(Vec::len).sum::<usize>(), "{seed}");
    for versions in published.values() {
        let keys: HashSet<&String> = versions.iter().map(|(key, _)| key).collect();
        let effects: Vec<_> = site.effects.iter().filter(|(key, _)| keys.contains(key)).cloned().collect();
        assert_eq!(effects, *versions, "{seed}");
    }
    assert!(site.arrivals > site.effects.len(), "{seed}: nothing went wrong");
}

#[tokio::test]
async fn every_version_has_one_effect_and_each_series_its_order_whatever_goes_wrong() {
    for seed in 0..6 {
        history(seed).await;
    }
}
