//! Pages into a listing. A [`Listing`] exists only when it is complete (section 6).

use std::{collections::BTreeMap, collections::btree_map::Entry};

use chrono::{DateTime, Utc};

use super::{
    error::{Incomplete, ProtocolError},
    figures::Figures,
    oddities::Oddities,
    page::Page,
};
use crate::{
    row::Row,
    time::{BucketGrid, BucketSize, TimeRange, Window, parse_label},
};

/// No listing has more pages than this (section 6).
const MAX_PAGES: u64 = 10_000;

/// Labels beyond those that the window can hold; more means that the service answers something else.
const MAX_STRAY_LABELS: usize = 1_000;

/// Text that the buckets of one listing may carry beside their figures; more would fill the memory.
const MAX_TEXT_MIB: usize = 64;

/// The label of the only bucket of a `global` listing (section 4).
const GLOBAL_LABEL: &str = "global";

/// What one listing asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// The half-open range asked for. Exports ask whole buckets only, which is what a [`Window`] is.
    pub range: TimeRange,
    /// Where buckets lie.
    pub grid: BucketGrid,
}

impl From<Window> for Query {
    fn from(window: Window) -> Self {
        Self { range: window.range(), grid: window.grid() }
    }
}

/// Every bucket of a query, all pages of which arrived and agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// In order of their starts, one a bucket, all inside the range. A bucket that the service lacks is absent.
    pub rows: Vec<Row>,
    /// What was odd about the buckets.
    pub oddities: Oddities,
}

/// What to do after a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Ask for the page of this number.
    Ask(u64),
    /// All pages arrived.
    Finish,
}

/// Gathers pages until the listing is complete.
#[derive(Debug)]
pub struct ListingBuilder {
    query: Query,
    buckets: BTreeMap<DateTime<Utc>, Figures>,
    pages: u64,
    total_results: Option<u64>,
    number_of_pages: u64,
    most_labels: usize,
    text_bytes: usize,
}

impl ListingBuilder {
    /// Waits for the first page of `query`.
    pub fn new(query: Query) -> Self {
        let most_labels = query.grid.bucket_starts(query.range).count() + MAX_STRAY_LABELS;
        Self {
            query,
            buckets: BTreeMap::new(),
            pages: 0,
            total_results: None,
            number_of_pages: 0,
            most_labels,
            text_bytes: 0,
        }
    }

    /// What is asked.
    pub fn query(&self) -> Query {
        self.query
    }

    /// The number of the page to ask for next.
    pub fn next_page(&self) -> u64 {
        self.pages + 1
    }

    /// Takes the page that was asked for.
    pub fn push(&mut self, page: Page<'_>) -> Result<NextStep, ListingError> {
        self.check_echo(&page)?;
        self.check_totals(&page)?;
        let next_page_named = page.next_page.as_deref().is_some_and(|next| !next.is_empty());
        let before = self.buckets.len();
        for (label, figures) in page.entities.0 {
            self.add(&label, figures)?;
        }
        self.pages += 1;
        if !next_page_named && self.pages >= self.number_of_pages {
            return Ok(NextStep::Finish);
        }
        if self.buckets.len() == before {
            return Err(ProtocolError::Looping { page: self.pages }.into());
        }
        if self.pages >= MAX_PAGES {
            return Err(ProtocolError::TooManyPages.into());
        }
        Ok(NextStep::Ask(self.next_page()))
    }

    /// The listing, provided that what arrived is what the service said there is.
    pub fn finish(self) -> Result<Listing, ListingError> {
        self.check_count()?;
        let (range, grid) = (self.query.range, self.query.grid);
        let first = grid.floor(range.start());
        let mut listing = Listing { rows: Vec::new(), oddities: Oddities::default() };
        for (start, figures) in self.buckets {
            if first <= start && start < range.end() {
                listing.oddities.add(&figures.oddities);
                let end = match grid.size() {
                    BucketSize::Global => range.end(),
                    BucketSize::Hour | BucketSize::Day => grid.bucket_end(start),
                };
                listing.rows.push(figures.into_row(start, end));
            }
        }
        Ok(listing)
    }

    /// The page must be the one that was asked for, of the bucket size and range that were asked for.
    fn check_echo(&self, page: &Page<'_>) -> Result<(), ProtocolError> {
        let size = self.query.grid.size();
        if page.time.as_deref() != Some(size.as_str()) {
            let found = page.time.as_deref().unwrap_or("nothing").to_owned();
            return Err(ProtocolError::OtherBucketSize { asked: size.as_str(), found });
        }
        if let Some(found) = page.page.filter(|found| *found != self.next_page()) {
            return Err(ProtocolError::OtherPage { asked: self.next_page(), found });
        }
        for (echo, asked) in
            [(&page.from_date, self.query.range.start()), (&page.to_date, self.query.range.end())]
        {
            let Some(found) = echo.as_deref().and_then(|text| parse_label(text).ok()) else { continue };
            if found != asked {
                return Err(ProtocolError::OtherRange { asked, found });
            }
        }
        Ok(())
    }

    fn check_totals(&mut self, page: &Page<'_>) -> Result<(), ListingError> {
        let by_bucket = self.query.grid.size() != BucketSize::Global;
        if by_bucket && page.total_results.is_none() {
            return Err(ProtocolError::NoTotal.into());
        }
        let changed = self.pages > 0 && page.total_results != self.total_results;
        if by_bucket && changed {
            let (was, is) = (self.total_results.unwrap_or(0), page.total_results.unwrap_or(0));
            return Err(Incomplete::TotalChanged { was, is }.into());
        }
        self.total_results = page.total_results;
        self.number_of_pages = page.nb_of_pages.unwrap_or(self.number_of_pages);
        Ok(())
    }

    fn add(&mut self, label: &str, figures: Figures) -> Result<(), ProtocolError> {
        let start = self.bucket_start(label)?;
        match self.buckets.entry(start) {
            Entry::Vacant(slot) => {
                self.text_bytes += figures.text_bytes();
                slot.insert(figures);
            }
            Entry::Occupied(known) if *known.get() == figures => {}
            Entry::Occupied(_) => return Err(ProtocolError::Contradiction { label: label.to_owned() }),
        }
        if self.text_bytes > MAX_TEXT_MIB << 20 {
            return Err(ProtocolError::TooLarge { limit_mib: MAX_TEXT_MIB as u64 });
        }
        if self.buckets.len() > self.most_labels {
            return Err(ProtocolError::TooManyBuckets);
        }
        Ok(())
    }

    fn bucket_start(&self, label: &str) -> Result<DateTime<Utc>, ProtocolError> {
        let grid = self.query.grid;
        let bad_label = || ProtocolError::BadLabel { label: label.to_owned() };
        if grid.size() == BucketSize::Global {
            return if label == GLOBAL_LABEL { Ok(self.query.range.start()) } else { Err(bad_label()) };
        }
        let start = parse_label(label).map_err(|_| bad_label())?;
        if grid.floor(start) == start { Ok(start) } else { Err(bad_label()) }
    }

    /// Distinct labels against `total_results`. A bucket at exactly the end may be listed and yet not be counted.
    fn check_count(&self) -> Result<(), Incomplete> {
        let Some(total) = self.total_results.filter(|_| self.query.grid.size() != BucketSize::Global) else {
            return Ok(());
        };
        let distinct = self.buckets.len() as u64;
        let at_end = u64::from(self.buckets.contains_key(&self.query.range.end()));
        if total == distinct || total == distinct - at_end {
            Ok(())
        } else {
            Err(Incomplete::BucketsLacking { expected: total, found: distinct })
        }
    }
}

/// Why pages do not make a listing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    /// Asking again may help, once.
    #[error(transparent)]
    Incomplete(#[from] Incomplete),
    /// The service does not keep to its own protocol.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
}

impl ListingError {
    /// The same error, its texts of the service as `shown` makes them.
    pub(super) fn with_texts(self, shown: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Protocol(error) => error.with_texts(shown).into(),
            incomplete @ Self::Incomplete(_) => incomplete,
        }
    }
}
