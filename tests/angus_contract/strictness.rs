//! The double itself: what a test did not script fails that test.

use crate::{
    bench::{Bench, POST, T1, brings, good_page, signs_in},
    double::{Behaviour, Double},
};

#[tokio::test]
#[should_panic(
    expected = "not expected: Request { method: \"GET\", target: \"/api/1/entities?metrics=passing_by"
)]
async fn a_request_beyond_the_script_fails_the_test() {
    let double = Double::script([signs_in(T1)]).await;
    assert!(Bench::new(&double).failure().await.to_string().contains("status 500"));
    double.verify();
}

#[tokio::test]
#[should_panic(expected = "not expected: Request { method: \"POST\"")]
async fn a_request_out_of_order_fails_the_test() {
    let double = Double::script([brings(1, &good_page()), signs_in(T1)]).await;
    let _ = Bench::new(&double).passing_by().await;
    drop(double);
}

#[tokio::test]
#[should_panic(expected = "not expected")]
async fn a_request_that_no_handler_knows_fails_the_test() {
    let double = Double::handler(|_| None).await;
    let _ = Bench::new(&double).token().await;
    drop(double);
}

#[tokio::test]
#[should_panic(expected = "never asked: POST /api-token-authstream/")]
async fn a_request_that_never_comes_fails_the_test() {
    drop(Double::script([(POST, Behaviour::Close)]).await);
}
