//! `[[deliveries]]`: published files of a job that are sent on, whole.

use std::sync::Arc;

use reqwest::Url;

use super::{
    Account, AccountSystem, Job,
    names::{Known, Names},
    report::Reported,
    rules,
    section::Section,
    suggest::one_of,
    urls,
};
use crate::metric::Metric;

const METHOD: &str = "POST";
const CONTENT_TYPE: &str = "text/csv";

/// Every published file of a job, sent to one target (Simacan contract, section 6).
pub struct Delivery {
    /// `[a-z0-9][a-z0-9_-]*`, at most 64 characters.
    pub name: String,
    /// Whose files are sent.
    pub job: Arc<Job>,
    /// Whose token is sent along; an account at Simacan.
    pub account: Arc<Account>,
    /// Where files are sent, as it is.
    pub url: Url,
    /// How they are sent.
    pub method: DeliveryMethod,
    /// What they are sent as.
    pub content_type: ContentType,
    /// Where the receipt of a file is joined to ask what became of it; `None` = nobody asks.
    pub status_url: Option<Url>,
    /// Whether a POST may be repeated when its answer was lost.
    pub repeat_lost_posts: bool,
}

/// How a file is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum DeliveryMethod {
    Post,
    Put,
}

impl DeliveryMethod {
    /// Every method.
    pub const ALL: [Self; 2] = [Self::Post, Self::Put];

    /// The word for it on the wire and in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// What a file is sent as, whatever its own format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    /// CSV with commas and a header, in which no field is quoted.
    Csv,
    /// One JSON array of rows.
    Json,
    /// One JSON object a line.
    JsonLines,
}

impl ContentType {
    /// Every content type.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Json, Self::JsonLines];

    /// The word for it on the wire and in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Json => "application/json",
            Self::JsonLines => "application/x-ndjson",
        }
    }
}

/// Reads every delivery, in the order of the configuration.
pub(super) fn read(
    root: &mut Section<'_>,
    jobs: &Known<Job>,
    accounts: &Known<Account>,
) -> Vec<Arc<Delivery>> {
    let mut names = Names::new("delivery", root.report());
    let deliveries =
        root.sections("deliveries", &mut names, |section, names| delivery(section, jobs, accounts, names));
    deliveries.into_iter().map(Arc::new).collect()
}

fn delivery(
    section: &mut Section<'_>,
    jobs: &Known<Job>,
    accounts: &Known<Account>,
    names: &mut Names,
) -> Result<Delivery, Reported> {
    let name = names.read(section);
    let job = jobs.refer(section, "job", "the name of a job", |_| true);
    let takes_deliveries = |account: &Account| matches!(account.system, AccountSystem::Simacan(_));
    let account =
        accounts.refer(section, "account", "the name of an account of kind simacan", takes_deliveries);
    let url = section.text("url", urls::whole);
    let method =
        section.text_or("method", METHOD, |text| one_of(text, &DeliveryMethod::ALL, DeliveryMethod::as_str));
    let content_type = section
        .text_or("content_type", CONTENT_TYPE, |text| one_of(text, &ContentType::ALL, ContentType::as_str));
    let status_url = section.optional_text("status_url", urls::base);
    let repeat_lost_posts = section.optional("repeat_lost_posts", rules::flag);
    let delivery = Delivery {
        name: name?,
        job: job?,
        account: account?,
        url: url?,
        method: method?,
        content_type: content_type?,
        status_url: status_url?,
        repeat_lost_posts: repeat_lost_posts?.unwrap_or(true),
    };
    warn_about_json_in_csv(&delivery, section);
    Ok(delivery)
}

/// Simacan contract, section 6: fields of the CSV must not be quoted, so that none can hold JSON.
fn warn_about_json_in_csv(delivery: &Delivery, section: &mut Section<'_>) {
    let Delivery { name, job, content_type, .. } = delivery;
    let asks_for_json = job.metrics.iter().any(|metric| metric == Metric::Satisfaction);
    if *content_type == ContentType::Csv && asks_for_json {
        let job = &job.name;
        section.report().warn(format!(
            "delivery \"{name}\": text/csv cannot carry the JSON of satisfaction and extras, since its fields must not \
             be quoted; write content_type = \"application/json\", or leave satisfaction out of the metrics of job \
             \"{job}\""
        ));
    }
}
