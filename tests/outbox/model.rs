//! The ledger against a model of it that fits on a page: after any history both say the same.

use std::collections::BTreeMap;

use audience_exporter::ledger::OutboxEntry;
use proptest::{collection::vec, option, prelude::*};

use super::bench::{ALL, Bench, JOBS, STREAMS, SeriesNumber, file_path, period};

const DELIVERIES: [&str; 2] = ["mirror", "partner"];
const DAYS: i64 = 3;

#[derive(Debug, Clone)]
enum Event {
    Publish(SeriesNumber, Vec<i64>, u8),
    Lose(SeriesNumber, i64),
    /// The job of each delivery; `None` where it is not configured.
    Enroll([Option<usize>; 2]),
    /// Takes the first files of the line in hand.
    Take(usize, u32),
    /// What became of a file in hand, which may be an old version by now.
    Answer(prop::sample::Index, State),
    RetryParked(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Pending,
    Awaiting,
    Parked,
    Delivered,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let series = (0..JOBS.len(), 0..STREAMS.len());
    let answer =
        prop_oneof![Just(State::Pending), Just(State::Awaiting), Just(State::Parked), Just(State::Delivered)];
    let jobs = prop::array::uniform2(option::weighted(0.8, 0..JOBS.len()));
    let event = prop_oneof![
        4 => (series.clone(), vec(0..DAYS, 1..3), 1..3_u8).prop_map(|(series, days, version)| Event::Publish(series, days, version)),
        1 => (series, 0..DAYS).prop_map(|(series, day)| Event::Lose(series, day)),
        2 => jobs.prop_map(Event::Enroll),
        3 => (0..DELIVERIES.len(), 1..4_u32).prop_map(|(delivery, files)| Event::Take(delivery, files)),
        5 => (any::<prop::sample::Index>(), answer).prop_map(|(index, state)| Event::Answer(index, state)),
        1 => (0..DELIVERIES.len()).prop_map(Event::RetryParked),
    ];
    vec(event, 1..40)
}

type File = (SeriesNumber, i64);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    version: u8,
    state: State,
    position: i64,
}

#[derive(Debug, Default)]
struct Delivery {
    job: Option<usize>,
    rows: BTreeMap<File, Row>,
    last_position: i64,
}

impl Delivery {
    fn queue(&mut self, file: File, version: u8) {
        if self.rows.get(&file).is_none_or(|row| row.version != version) {
            self.last_position += 1;
            let row = Row { version, state: State::Pending, position: self.last_position };
            self.rows.insert(file, row);
        }
    }

    fn in_state(&self, state: State) -> Vec<(String, u8)> {
        let rows = self.rows.iter().filter(|(_, row)| row.state == state);
        let by_position: BTreeMap<_, _> = rows
            .map(|((series, day), row)| (row.position, (file_path(*series, *day), row.version)))
            .collect();
        by_position.into_values().collect()
    }
}

#[derive(Default)]
struct Model {
    /// In the order in which the ledger came to know the series.
    series: Vec<SeriesNumber>,
    files: BTreeMap<File, u8>,
    deliveries: [Delivery; 2],
    in_hand: Vec<OutboxEntry>,
}

impl Model {
    fn apply(&mut self, bench: &Bench, event: Event) {
        match event {
            Event::Publish(series, days, version) => self.publish(bench, series, &days, version),
            Event::Lose(series, day) => {
                bench.ledger.lose(bench.series(series), &file_path(series, day), period(day)).unwrap();
                self.files.remove(&(series, day));
                self.meet(series);
            }
            Event::Enroll(jobs) => self.enroll(bench, jobs),
            Event::Take(delivery, files) => {
                self.in_hand.extend(bench.ledger.outbox_pending(DELIVERIES[delivery], 0, files).unwrap());
                self.in_hand.extend(bench.ledger.outbox_awaiting(DELIVERIES[delivery]).unwrap());
            }
            Event::Answer(index, state) if !self.in_hand.is_empty() => {
                let entry = self.in_hand.remove(index.index(self.in_hand.len()));
                self.answer(bench, &entry, state);
            }
            Event::Answer(..) => {}
            Event::RetryParked(delivery) => self.retry_parked(bench, delivery),
        }
    }

    fn meet(&mut self, series: SeriesNumber) {
        if !self.series.contains(&series) {
            self.series.push(series);
        }
    }

    fn publish(&mut self, bench: &Bench, series: SeriesNumber, days: &[i64], version: u8) {
        bench.publish(series, days, version);
        self.meet(series);
        for day in days {
            self.files.insert((series, *day), version);
            for delivery in self.deliveries.iter_mut().filter(|delivery| delivery.job == Some(series.0)) {
                delivery.queue((series, *day), version);
            }
        }
    }

    fn enroll(&mut self, bench: &Bench, jobs: [Option<usize>; 2]) {
        let named = DELIVERIES.into_iter().zip(jobs);
        let named: Vec<_> = named.filter_map(|(name, job)| Some((name, JOBS[job?]))).collect();
        bench.enroll(&named);
        for (delivery, job) in self.deliveries.iter_mut().zip(jobs) {
            if let Some(job) = job.filter(|_| delivery.job != job) {
                delivery.rows.retain(|(series, _), row| series.0 == job || row.state == State::Delivered);
                for series in self.series.iter().filter(|series| series.0 == job) {
                    for ((_, day), version) in self.files.iter().filter(|((of, _), _)| of == series) {
                        delivery.queue((*series, *day), *version);
                    }
                }
            }
            delivery.job = job;
        }
    }

    fn answer(&mut self, bench: &Bench, entry: &OutboxEntry, state: State) {
        let (ledger, now) = (&bench.ledger, bench.now());
        let index = DELIVERIES.iter().position(|name| *name == entry.delivery).unwrap();
        let rows = self.deliveries[index].rows.iter_mut();
        let row = rows.map(|((series, day), row)| (file_path(*series, *day), row)).find(|(path, row)| {
            *path == entry.path && row.version == entry.hash[0] && row.state != State::Delivered
        });
        let changed = match state {
            State::Pending => return ledger.outbox_attempted(entry, now, "no answer").unwrap(),
            State::Awaiting => ledger.outbox_await(entry, now, "receipt").unwrap(),
            State::Parked => ledger.outbox_park(entry, now, "rejected", "no").unwrap(),
            State::Delivered => ledger.outbox_delivered(entry, now, None).unwrap(),
        };
        assert_eq!(changed, row.is_some(), "{entry:?}");
        if let Some((_, row)) = row {
            row.state = state;
        }
    }

    fn retry_parked(&mut self, bench: &Bench, index: usize) {
        let retried = bench.ledger.outbox_retry_parked(DELIVERIES[index]).unwrap();
        let delivery = &mut self.deliveries[index];
        let mut parked: Vec<_> =
            delivery.rows.values_mut().filter(|row| row.state == State::Parked).collect();
        parked.sort_by_key(|row| row.position);
        assert_eq!(retried, parked.len() as u64);
        for row in parked {
            delivery.last_position += 1;
            (row.state, row.position) = (State::Pending, delivery.last_position);
        }
    }

    fn assert_told_by(&self, bench: &Bench) {
        for (name, delivery) in DELIVERIES.iter().zip(&self.deliveries) {
            let told = |entries: Vec<OutboxEntry>| -> Vec<_> {
                entries.into_iter().map(|entry| (entry.path, entry.hash[0])).collect()
            };
            let parked = bench.ledger.outbox_parked(name, ALL).unwrap().into_iter();
            let awaiting = bench.ledger.outbox_awaiting(name).unwrap();
            assert_eq!(bench.line(name), delivery.in_state(State::Pending));
            assert_eq!(told(awaiting), delivery.in_state(State::Awaiting));
            assert_eq!(told(parked.map(|(entry, _)| entry).collect()), delivery.in_state(State::Parked));
            let told = bench.status(name);
            let counts = [told.pending, told.awaiting, told.parked, told.delivered];
            let states = [State::Pending, State::Awaiting, State::Parked, State::Delivered];
            let expected = states.map(|state| delivery.in_state(state).len() as u64);
            assert_eq!(counts, if delivery.job.is_some() { expected } else { [0; 4] });
            self.assert_nothing_is_forgotten(delivery);
        }
    }

    /// Every published file of the job is known to the delivery in its present version.
    fn assert_nothing_is_forgotten(&self, delivery: &Delivery) {
        for (file, version) in self.files.iter().filter(|((series, _), _)| delivery.job == Some(series.0)) {
            assert_eq!(delivery.rows[file].version, *version, "{file:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn after_any_history_the_ledger_and_the_model_say_the_same(events in events()) {
        let bench = Bench::new();
        let mut model = Model::default();
        for event in events {
            model.apply(&bench, event);
            model.assert_told_by(&bench);
        }
    }
}
