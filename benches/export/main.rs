//! What every stage of an export costs on its own: decode, gather, plan, merge, encode, read back, publish, ledger; and a
//! whole export against the simulator. Figures of one run compare with each other; `cargo bench --bench export` prints
//! them.

mod books;
#[path = "../material/desk.rs"]
mod desk;
mod files;
mod listing;
#[path = "../material/page.rs"]
mod page;
mod whole;

fn main() {
    divan::main();
}
