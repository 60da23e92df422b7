//! From the bytes of pages to the rows of a listing.

use audience_exporter::angus::{ListingBuilder, Page, decode_page};
use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};

use crate::{
    desk::{MONTH, first, pages, query},
    page::PAGE_SIZE,
};

#[divan::bench]
fn decode_a_page(bencher: Bencher) {
    let body = &pages(first(PAGE_SIZE))[0];
    bencher
        .counter(BytesCount::of_slice(body))
        .counter(ItemsCount::new(PAGE_SIZE))
        .bench(|| decode_page(body).expect("a valid page"));
}

/// Pages that are decoded already.
#[divan::bench]
fn gather_a_month(bencher: Bencher) {
    let bodies = pages(first(MONTH));
    let decoded = || bodies.iter().map(|body| decode_page(body).expect("a valid page")).collect();
    bencher.counter(ItemsCount::new(MONTH)).with_inputs(decoded).bench_values(|pages: Vec<Page>| {
        let mut builder = ListingBuilder::new(query(first(MONTH)));
        for page in pages {
            builder.push(page).expect("an expected page");
        }
        builder.finish().expect("a complete listing")
    });
}
