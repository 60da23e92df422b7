//! Whole runs against the simulator: what is counted of them is what every system saw, and several at a time keep to one
//! bound.

mod house;

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use audience_exporter::{
    clock::Clock,
    config::Config,
    delivery::Urgency,
    errands::Errands,
    exporter::{Progress, ProgressListener, Work},
    failure::FailureKind,
    report::Outcome,
    secret::Secret,
    series::Series,
    shutdown::Shutdown,
    simulator::{
        Endpoint::{
            AngelcamCameras, AngelcamMe, AngelcamToken, SimacanPassword, SimacanRefresh, SimacanTrips,
        },
        Faults, SimulatorOptions, System,
        credentials::{ANGELCAM_PASSWORD, USERNAME},
    },
    wire::{Answer, Endpoint, RetryReason, Timing, Traffic},
    workplace::Workplace,
};
use house::{House, wait_until};
use reqwest::StatusCode;

/// Requests by endpoint, however they ended.
fn by_endpoint(traffic: &Traffic) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for ((endpoint, _), count) in traffic.requests() {
        *counts.entry(endpoint.as_str()).or_default() += count;
    }
    counts
}

/// A workplace in `house` whose waits are none, and what is counted there.
fn workplace(house: &House) -> (Config, Workplace, Traffic) {
    let timing = Timing {
        jitter: Arc::new(|| 0.0),
        sleep: Arc::new(|_| Box::pin(async {})),
        ..Timing::real(Clock::system())
    };
    let (config, traffic) = (house.config(), timing.traffic.clone());
    let workplace = Workplace::open(&config, timing, Shutdown::default()).ok().unwrap();
    (config, workplace, traffic)
}

async fn pull(config: &Config, workplace: &Workplace) {
    let nobody: ProgressListener = Arc::new(|_| {});
    let (exporter, series) = (workplace.exporter(config).ok().unwrap(), Series::all(config, None, None));
    let report = exporter.run("pull", series, &Work::Due, &nobody).await.unwrap();
    assert_eq!(report.outcome(), Outcome::Done);
}

#[test]
fn a_run_in_bad_weather_counts_what_the_service_saw() {
    let weather = Faults {
        error_rate: 0.2,
        throttle_rate: 0.1,
        truncate_rate: 0.1,
        garbage_rate: 0.1,
        expire_rate: 0.1,
        lost_rate: 0.1,
        ..Faults::default()
    };
    let house = House::of(SimulatorOptions { faults: weather, page_size: 1, ..SimulatorOptions::default() });
    let (config, workplace, traffic) = workplace(&house);
    house.runtime.block_on(pull(&config, &workplace));
    let seen = house.simulator.requests();
    assert!(seen.entities > 20, "{seen:?}");
    let expected = BTreeMap::from([("angus_token", seen.tokens), ("angus_entities", seen.entities)]);
    assert_eq!(by_endpoint(&traffic), expected);
    assert!(traffic.retries().len() >= 4, "{:?}", traffic.retries());
}

/// Signs the account in that only a person can sign in.
async fn sign_in(workplace: &Workplace) {
    let angelcam = workplace.accounts.get("angelcam").unwrap();
    let password = Secret::new(ANGELCAM_PASSWORD.to_owned());
    let grant = angelcam.sign_in().unwrap().sign_in(USERNAME, &password).await.ok().unwrap();
    angelcam.tokens().unwrap().adopt(grant).await.unwrap();
}

#[test]
fn errands_count_what_every_system_saw() {
    let house = House::new();
    let accounts = house.accounts();
    let (config, workplace, traffic) = workplace(&house);
    for endpoint in [SimacanTrips, AngelcamMe, AngelcamCameras] {
        accounts.fail_next(endpoint, StatusCode::SERVICE_UNAVAILABLE, 1);
    }
    accounts.fail_next(SimacanTrips, StatusCode::REQUEST_TIMEOUT, 1);
    house.runtime.block_on(async {
        pull(&config, &workplace).await;
        sign_in(&workplace).await;
        workplace.accounts.get("partner").unwrap().token(None).await.unwrap();
        for system in [System::Simacan, System::Angelcam] {
            accounts.expire_access_tokens(system);
        }
        let errands = Errands::of_jobs(&config, None).with_due_inventories(&config, &workplace).unwrap();
        let reports = errands.run(&config, &workplace, Urgency::Now).await.to_reports();
        assert!(reports.iter().all(|report| report.failure.is_none()), "{reports:?}");
    });
    let seen = |endpoint| accounts.count(endpoint) as u64;
    let angus = house.simulator.requests();
    let expected = BTreeMap::from([
        ("angus_token", angus.tokens),
        ("angus_entities", angus.entities),
        ("simacan_token", seen(SimacanPassword) + seen(SimacanRefresh)),
        ("angelcam_token", seen(AngelcamToken)),
        ("angelcam_api", seen(AngelcamMe) + seen(AngelcamCameras)),
        ("delivery", seen(SimacanTrips)),
    ]);
    assert_eq!(by_endpoint(&traffic), expected);
    for (endpoint, status, expected) in [
        (Endpoint::Delivery, 401, 1),
        (Endpoint::Delivery, 408, 1),
        (Endpoint::Delivery, 503, 1),
        (Endpoint::AngelcamApi, 401, 1),
        (Endpoint::AngelcamApi, 503, 2),
        (Endpoint::SimacanToken, 200, 2),
        (Endpoint::AngelcamToken, 200, 2),
    ] {
        let answer = (endpoint, Answer::Status(status));
        assert_eq!(traffic.requests().get(&answer), Some(&expected), "{answer:?}");
    }
    let retries = BTreeMap::from([
        (RetryReason::ServerError, 3),
        (RetryReason::OtherStatus, 1),
        (RetryReason::TokenRefused, 2),
    ]);
    assert_eq!(traffic.retries(), retries);
}

#[test]
fn the_tokens_of_streams_are_told_in_the_order_of_the_configuration() {
    let house = house_of_two_dozen();
    let (config, workplace, _) = workplace(&house);
    let exporter = workplace.exporter(&config).ok().unwrap();
    let views = exporter.stream_views(Clock::system().now());
    let names = config.streams.iter().map(|stream| &*stream.name);
    assert!(views.iter().map(|view| &*view.name).eq(names), "{views:?}");
}

/// Two dozen streams, and one request at a time for all of them.
fn house_of_two_dozen() -> House {
    // Whatever is asked fails.
    let faults = Faults { error_rate: 1.0, most_in_a_row: u32::MAX, ..Faults::default() };
    let house = House::of(SimulatorOptions { faults, ..SimulatorOptions::default() });
    let stream = |number| {
        format!(
            "\n[[streams]]\nname = \"more-{number}\"\nusername = \"u\"\nclient_id = \"{number}\"\n\
             access_token = \"secret-{number}\"\n"
        )
    };
    let more: String = (1..24).map(stream).collect();
    house.configure(|text| text.replace("concurrency = 8", "concurrency = 1") + &more);
    house
}

#[test]
fn runs_side_by_side_hold_no_more_windows_than_one_run() {
    let house = house_of_two_dozen();
    let (config, shutdown) = (house.config(), Shutdown::default());
    let (asleep, asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let sleepers = Arc::clone(&asleep);
    // Every window waits for its second attempt for ever.
    let sleep = move |_| -> Pin<Box<dyn Future<Output = ()> + Send>> {
        sleepers.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::pending())
    };
    let timing = Timing { sleep: Arc::new(sleep), ..Timing::real(Clock::system()) };
    let workplace = Workplace::open(&config, timing, shutdown.clone()).ok().unwrap();
    let asking = Arc::clone(&asked);
    let progress: ProgressListener = Arc::new(move |progress| {
        if progress == Progress::Asking {
            asking.fetch_add(1, Ordering::SeqCst);
        }
    });
    let runs = house.runtime.spawn(async move {
        let (exporter, mut all) =
            (workplace.exporter(&config).ok().unwrap(), Series::all(&config, None, None));
        let others = all.split_off(12);
        let run = |series| exporter.run("pull", series, &Work::Due, &progress);
        let (one, other) = tokio::join!(run(all), run(others));
        [one.unwrap(), other.unwrap()]
    });
    // Eight windows of each run have come as far as they can: half of them to their first attempt.
    wait_until(|| asked.load(Ordering::SeqCst) >= 24 && asleep.load(Ordering::SeqCst) >= 8);
    house.runtime.block_on(async {
        for _ in 0..2_000 {
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(asleep.load(Ordering::SeqCst), 8, "eight windows for each request in flight");
    shutdown.request();
    for report in house.runtime.block_on(runs).unwrap() {
        let kinds = report.series.iter().map(|series| series.failure.as_ref().map(|failure| failure.kind));
        assert_eq!(kinds.collect::<Vec<_>>(), [Some(FailureKind::Interrupted); 12]);
    }
}
