//! What somebody would write in an afternoon with the usual crates: one thread, so many windows in flight, the pages of
//! each in order, into one file. No retries, no ledger, nothing merged, nothing durable.

mod decode;
mod file;

use std::path::PathBuf;

use audience_exporter::time::TimeRange;
use futures_util::{StreamExt, stream};
use reqwest::{Client, RequestBuilder};
use serde::{Deserialize, de::DeserializeOwned};

use self::{decode::Page, file::Output};
use super::{
    order::{Order, TOKEN_PATH, sign_in},
    page::{ENTITIES_PATH, query_of_page},
};

/// The file that it writes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Target {
    #[arg(long)]
    pub(crate) file: PathBuf,
    /// As CSV; else as Parquet.
    #[arg(long)]
    pub(crate) csv: bool,
}

impl Target {
    /// As arguments of this program.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let csv = self.csv.then(|| "--csv".to_owned());
        [format!("--file={}", self.file.display())].into_iter().chain(csv).collect()
    }
}

/// One hour of one stream.
pub(crate) struct Record {
    /// The place of its stream among all.
    stream: usize,
    /// Its start, in seconds since 1970.
    start: i64,
    /// `passing_by`, `interested`, `category` and `gender`, as [`file`] names them.
    counts: [i64; 9],
    /// `stop_time`, `attention_time` and `satisfaction`.
    numbers: [Option<f64>; 3],
}

#[derive(Deserialize)]
struct Grant {
    token: String,
}

struct Service {
    http: Client,
    base_url: String,
}

/// Fetches all of `order` into the file of `target`.
pub(crate) fn export(order: &Order, target: &Target) {
    // The second call would find one installed; there is none.
    _ = rustls::crypto::ring::default_provider().install_default();
    let http = Client::builder().no_proxy().tcp_nodelay(true).build().expect("a client");
    let service = Service { http, base_url: format!("http://{}", order.host) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let rows = runtime.block_on(service.export(order, target));
    assert_eq!(rows, order.rows(), "rows are lacking");
}

impl Service {
    /// The number of rows.
    async fn export(&self, order: &Order, target: &Target) -> usize {
        let client_ids = order.client_ids();
        let tokens = stream::iter(&client_ids).map(|client_id| self.token(client_id));
        let tokens: Vec<String> = tokens.buffered(order.in_flight).collect().await;
        let windows = order.windows();
        let jobs = (0..tokens.len()).flat_map(|stream| windows.iter().map(move |window| (stream, *window)));
        let jobs = jobs.map(|(stream, window)| self.window(stream, &tokens[stream], window));
        let mut listings = stream::iter(jobs).buffered(order.in_flight);
        let mut output = Output::create(target, client_ids.clone());
        let mut rows = 0;
        while let Some(listing) = listings.next().await {
            rows += listing.len();
            output.push(listing);
        }
        output.finish();
        rows
    }

    async fn token(&self, client_id: &str) -> String {
        let url = format!("{}{TOKEN_PATH}", self.base_url);
        let request = self.http.post(url).header("Content-Type", "application/json").body(sign_in(client_id));
        let Grant { token } = answer(request).await;
        token
    }

    /// The hours of one window, in order.
    async fn window(&self, stream: usize, token: &str, window: TimeRange) -> Vec<Record> {
        let mut records = Vec::new();
        for number in 1.. {
            let url = format!("{}{ENTITIES_PATH}?{}", self.base_url, query_of_page(window, number));
            let page: Page = answer(self.http.get(url).bearer_auth(token)).await;
            records.extend(page.entities.0.into_iter().map(|entity| entity.into_record(stream)));
            if number >= page.nb_of_pages {
                break;
            }
        }
        records.sort_unstable_by_key(|record| record.start);
        records
    }
}

#[expect(clippy::disallowed_methods, reason = "another client than ours, whose requests nobody counts")]
async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> T {
    let answer = request.send().await.and_then(reqwest::Response::error_for_status).expect("an answer");
    let body = answer.bytes().await.expect("a whole body");
    serde_json::from_slice(&body).expect("an answer of the Angus API")
}
