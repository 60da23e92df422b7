//! Pages into a listing. A [`Listing`] exists only when it is complete (section 6).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    error::{Incomplete, ProtocolError},
    figures::Figures,
    oddities::Oddities,
    page::{Label, Page},
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
    /// In order of their starts, each once. Nearly always they arrive like this.
    rows: Vec<Row>,
    /// Of the rows that are odd, by their starts.
    oddities: BTreeMap<DateTime<Utc>, Oddities>,
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
            rows: Vec::new(),
            oddities: BTreeMap::new(),
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

    /// How many pages there are, as the last page told; 0 before the first one.
    pub fn number_of_pages(&self) -> u64 {
        self.number_of_pages.min(MAX_PAGES)
    }

    /// Takes the page that was asked for.
    pub fn push(&mut self, page: Page) -> Result<NextStep, ListingError> {
        self.check_echo(&page)?;
        self.check_totals(&page)?;
        let next_page_named = page.next_page().is_some();
        let before = self.rows.len();
        self.reserve();
        for (label, figures) in page.entities.0 {
            self.add(&label, figures)?;
        }
        self.pages += 1;
        if !next_page_named && self.pages >= self.number_of_pages {
            return Ok(NextStep::Finish);
        }
        if self.rows.len() == before {
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
        let Self { query: Query { range, grid }, mut rows, oddities: odd, .. } = self;
        let inside = grid.floor(range.start())..range.end();
        rows.retain(|row| inside.contains(&row.start));
        let mut oddities = Oddities::default();
        odd.range(inside).for_each(|(_, of_row)| oddities.add(of_row));
        Ok(Listing { rows, oddities })
    }

    /// Makes room for all that the service says there is, as far as that is possible.
    fn reserve(&mut self) {
        let total = self.total_results.and_then(|total| usize::try_from(total).ok()).unwrap_or(0);
        self.rows.reserve_exact(total.min(self.most_labels).saturating_sub(self.rows.len()));
    }

    /// The page must be the one that was asked for, of the bucket size and range that were asked for.
    fn check_echo(&self, page: &Page) -> Result<(), ProtocolError> {
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

    fn check_totals(&mut self, page: &Page) -> Result<(), ListingError> {
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

    fn add(&mut self, label: &Label, figures: Figures) -> Result<(), ProtocolError> {
        let start = self.bucket_start(label)?;
        let place = match self.rows.last() {
            Some(last) if start <= last.start => self.rows.binary_search_by_key(&start, |row| row.start),
            _ => Err(self.rows.len()),
        };
        let (oddities, text_bytes) = (figures.oddities, figures.text_bytes());
        let row = figures.into_row(start, self.bucket_end(start));
        match place {
            Ok(known) if self.rows[known] == row && self.oddities_at(start) == oddities => return Ok(()),
            Ok(_) => return Err(ProtocolError::Contradiction { label: label.to_string() }),
            Err(free) => self.rows.insert(free, row),
        }
        if !oddities.is_empty() {
            self.oddities.insert(start, oddities);
        }
        self.text_bytes += text_bytes;
        if self.text_bytes > MAX_TEXT_MIB << 20 {
            return Err(ProtocolError::TooLarge { limit_mib: MAX_TEXT_MIB as u64 });
        }
        if self.rows.len() > self.most_labels {
            return Err(ProtocolError::TooManyBuckets);
        }
        Ok(())
    }

    fn oddities_at(&self, start: DateTime<Utc>) -> Oddities {
        self.oddities.get(&start).copied().unwrap_or_default()
    }

    fn bucket_start(&self, label: &Label) -> Result<DateTime<Utc>, ProtocolError> {
        let Query { range, grid } = self.query;
        let start = match (grid.size(), label) {
            (BucketSize::Global, Label::Text(text)) => (**text == *GLOBAL_LABEL).then(|| range.start()),
            (BucketSize::Global, Label::Wire(_)) => None,
            (BucketSize::Hour | BucketSize::Day, label) => {
                label.instant().filter(|start| grid.floor(*start) == *start)
            }
        };
        start.ok_or_else(|| ProtocolError::BadLabel { label: label.to_string() })
    }

    fn bucket_end(&self, start: DateTime<Utc>) -> DateTime<Utc> {
        let Query { range, grid } = self.query;
        if grid.size() == BucketSize::Global { range.end() } else { grid.bucket_end(start) }
    }

    /// Distinct labels against `total_results`. A bucket at exactly the end may be listed and yet not be counted.
    fn check_count(&self) -> Result<(), Incomplete> {
        let Some(total) = self.total_results.filter(|_| self.query.grid.size() != BucketSize::Global) else {
            return Ok(());
        };
        let distinct = self.rows.len() as u64;
        let end = self.query.range.end();
        let at_end = u64::from(self.rows.binary_search_by_key(&end, |row| row.start).is_ok());
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
