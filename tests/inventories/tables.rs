//! What is published, and when.

use std::fs;

use audience_exporter::{
    failure::FailureKind,
    locks::{Lock, Patience},
};
use serde_json::{Value, json};

use crate::{
    bench::{Bench, ME, SignIn, asks, camera, lists, owner, tells_owner, vendor},
    double::Double,
};

/// A bench whose vendor lists these, one after the other.
async fn bench(listings: &[&[Value]], format: &str) -> (Bench, Double) {
    let script = listings.iter().flat_map(|cameras| [tells_owner(), lists(cameras)]);
    let double = Double::script(script).await;
    (Bench::with(&double, SignIn::Pair, format, "").await, double)
}

#[tokio::test]
async fn what_does_not_change_leaves_the_file_untouched() {
    for format in ["csv", "parquet"] {
        let (hall, door) = (camera(7, "Hall"), camera(8, "Door"));
        let mut tagged = hall.clone();
        tagged["tags"] = json!(["shop", "shop"]);
        let listings: [&[Value]; 4] =
            [&[hall.clone(), door.clone()], &[door.clone(), hall], &[tagged, door], &[camera(8, "Gate")]];
        let (bench, _double) = bench(&listings, format).await;
        assert!(bench.taken().await.file_written);
        let (bytes, identity) = (bench.table(), bench.table_identity());
        for _ in 0..2 {
            assert!(!bench.taken().await.file_written);
            assert_eq!((bench.table(), bench.table_identity()), (bytes.clone(), identity));
        }
        assert!(bench.taken().await.file_written);
        assert_ne!(bench.table(), bytes);
    }
}

#[tokio::test]
async fn a_camera_vanishes_at_the_second_listing_in_a_row_without_it() {
    let (hall, door) = (camera(7, "Hall"), camera(8, "Door"));
    let both = [hall.clone(), door];
    let one = [hall];
    let (bench, _double) = bench(&[&both, &one, &both, &one, &one, &one], "csv").await;
    let mut seen = Vec::new();
    for _ in 0..6 {
        let report = bench.taken().await;
        assert_eq!(report.cameras, bench.ids().len() as u64);
        seen.push((bench.ids().len(), report.kept_absent, report.vanished));
    }
    assert_eq!(seen, [(2, 0, 0), (2, 1, 0), (2, 0, 0), (2, 1, 0), (1, 0, 1), (1, 0, 0)]);
}

#[tokio::test]
async fn another_person_starts_afresh() {
    let (hall, door) = (camera(7, "Hall"), camera(8, "Door"));
    let double = Double::script([tells_owner(), lists(&[hall]), asks(ME, owner(43)), lists(&[door])]).await;
    let bench = Bench::new(&double).await;
    bench.taken().await;
    bench.taken().await;
    assert_eq!(bench.ids(), [8]);
    assert_eq!(bench.record().unwrap().source, "account angelcam, owner 43");
}

#[tokio::test]
async fn an_account_without_cameras_is_a_table_without_rows() {
    let (bench, _double) = bench(&[&[]], "csv").await;
    assert_eq!(bench.taken().await.cameras, 0);
    assert_eq!(bench.table(), b"camera_id,name,type,status,tags\n");
    let now = bench.inventories.timing.clock.now();
    assert_eq!(bench.record().unwrap().last_success, Some(now));
}

#[tokio::test]
async fn what_a_killed_process_left_is_swept_and_what_somebody_changed_is_put_right() {
    let hall = [camera(7, "Hall")];
    let (bench, _double) = bench(&[&hall, &hall], "csv").await;
    bench.taken().await;
    let folder = bench.table_path().parent().unwrap().to_owned();
    fs::write(folder.join(".tmp-x1"), "half").unwrap();
    let bytes = bench.table();
    fs::write(bench.table_path(), "something else").unwrap();
    assert!(bench.taken().await.file_written);
    assert_eq!(bench.table(), bytes);
    let names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["data.csv"]);
}

#[tokio::test]
async fn a_crash_between_file_and_ledger_is_healed_by_the_next_run() {
    let (old, new) = ([camera(7, "Hall"), camera(8, "Door")], [camera(7, "Foyer")]);
    let (healthy, _double) = bench(&[&old, &new], "csv").await;
    healthy.taken().await;
    healthy.taken().await;
    let (killed, _double) = bench(&[&old, &new], "csv").await;
    killed.taken().await;
    // It died when the new file was durable and the ledger knew nothing of it.
    fs::write(killed.table_path(), healthy.table()).unwrap();
    assert!(!killed.taken().await.file_written);
    assert_eq!(killed.table(), healthy.table());
    assert_eq!(killed.record(), healthy.record());
}

#[tokio::test]
async fn only_one_process_takes_an_inventory_at_a_time() {
    let double = Double::silent().await;
    let bench = Bench::new(&double).await;
    let held = Lock::acquire(&bench.folder().join("state"), "inventory.cameras", Patience::None).unwrap();
    let report = bench.take().await;
    assert!(report.is_busy);
    assert_eq!(report.failure.unwrap().kind, FailureKind::Busy);
    assert_eq!(bench.record(), None);
    drop(held);
    double.change_to(vendor(vec![camera(7, "Hall")]));
    let report = bench.taken().await;
    assert!(!report.is_busy);
}

#[tokio::test]
async fn a_look_shows_everything_and_writes_nothing() {
    let (bench, _double) = bench(&[&[camera(7, "Hall"), camera(8, "Door")]], "csv").await;
    let seen = bench.inventories.look(bench.inventory()).await.unwrap();
    assert_eq!(seen.owner.id, 42);
    assert_eq!(seen.owner.total_cameras, Some(2));
    assert_eq!(seen.listing.cameras.len(), 2);
    assert!(!bench.table_path().exists());
    assert_eq!(bench.record(), None);
}

#[tokio::test]
async fn a_success_clears_the_failure_before_it() {
    let double = Double::script([
        asks(ME, crate::bench::refuses(403, "permission_denied", "no")),
        tells_owner(),
        lists(&[]),
    ])
    .await;
    let bench = Bench::new(&double).await;
    bench.failure().await;
    let last_error = bench.record().unwrap().last_error.unwrap();
    assert_eq!((&*last_error.kind, bench.record().unwrap().last_success), ("refused", None));
    bench.taken().await;
    assert_eq!(bench.record().unwrap().last_error, None);
}

#[tokio::test]
async fn a_table_of_another_format_is_left_to_the_person_who_changed_it() {
    let double = Double::handler(vendor(vec![camera(7, "Hall")])).await;
    let bench = Bench::new(&double).await;
    bench.taken().await;
    let bytes = bench.table();
    let other = bench.beside(&double, "parquet");
    assert!(other.taken().await.file_written);
    assert!(other.table().starts_with(b"PAR1"));
    assert_eq!(bench.table(), bytes);
}
