//! The page for people and what it is made of, compiled in: the folder `web/` has the sources, and says how they fit together.
//! The same views make up reports.

mod assets;
mod report;

pub use assets::{ASSETS, Asset, INDEX, Kind, find};
pub use report::Report;
