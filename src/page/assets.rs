//! What the page is made of.

/// The page; it refers to all assets.
pub const INDEX: &str = include_str!("../../web/index.html");

/// What something is for a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A page.
    Html,
    /// A style sheet.
    Style,
    /// A script.
    Script,
    /// A drawing.
    Icon,
}

/// A file of the page, flat below `assets/`.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Its name there.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What is in it.
    pub text: &'static str,
}

macro_rules! own {
    ($kind:ident $name:literal) => {
        Asset { name: $name, kind: Kind::$kind, text: include_str!(concat!("../../web/", $name)) }
    };
}

/// Whoever passes the charting library on passes its licence on.
macro_rules! vendored {
    ($kind:ident $name:literal) => {
        Asset {
            name: $name,
            kind: Kind::$kind,
            text: concat!(
                "/*!\n",
                include_str!("../../web/vendor/uPlot.LICENSE"),
                "*/\n",
                include_str!(concat!("../../web/vendor/", $name))
            ),
        }
    };
}

/// Everything that the page refers to.
pub const ASSETS: &[Asset] = &[
    own!(Script "api.js"),
    own!(Script "app.js"),
    own!(Script "audience-body.js"),
    own!(Script "audience-state.js"),
    own!(Script "audience.js"),
    own!(Style "base.css"),
    own!(Script "base.js"),
    own!(Style "calendar.css"),
    own!(Script "calendar.js"),
    own!(Script "chart-data.js"),
    own!(Script "chart.js"),
    own!(Style "colours.css"),
    own!(Style "controls.css"),
    own!(Script "coverage-told.js"),
    own!(Style "figures.css"),
    own!(Script "figures.js"),
    own!(Script "fleet-errands.js"),
    own!(Script "fleet-rows.js"),
    own!(Script "fleet-table.js"),
    own!(Style "fleet.css"),
    own!(Script "fleet.js"),
    own!(Script "grid-keys.js"),
    own!(Script "heatmap.js"),
    own!(Icon "icon.svg"),
    own!(Script "pickers.js"),
    own!(Script "problem.js"),
    own!(Script "report-paper.js"),
    own!(Script "report-table.js"),
    own!(Script "report-trust.js"),
    own!(Style "report.css"),
    own!(Script "report.js"),
    own!(Script "runs.js"),
    own!(Script "shares.js"),
    own!(Script "stream.js"),
    own!(Script "table-behind.js"),
    own!(Style "tables.css"),
    own!(Script "theme.js"),
    own!(Script "token.js"),
    own!(Style "told.css"),
    own!(Script "words.js"),
    own!(Script "zone.js"),
    vendored!(Script "uPlot.iife.min.js"),
    vendored!(Style "uPlot.min.css"),
];

impl Kind {
    /// The value of `Content-Type`.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Style => "text/css; charset=utf-8",
            Self::Script => "text/javascript; charset=utf-8",
            Self::Icon => "image/svg+xml",
        }
    }
}

/// The asset of this name.
pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    /// Names of files in a folder of `web/`, but for what is not sent to browsers.
    fn files(folder: &str) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("web").join(folder);
        let names =
            fs::read_dir(folder).unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
        let is_sent = |name: &String| [".js", ".css", ".svg"].iter().any(|end| name.ends_with(end));
        names.filter(is_sent).collect()
    }

    #[test]
    fn every_file_is_sent_under_its_name() {
        let listed: BTreeSet<String> = ASSETS.iter().map(|asset| asset.name.to_owned()).collect();
        assert_eq!(listed.len(), ASSETS.len(), "a name twice");
        assert_eq!(listed, files("").union(&files("vendor")).cloned().collect());
    }

    #[test]
    fn the_page_refers_to_assets_and_to_nothing_else() {
        let referred = INDEX.split('"').filter_map(|part| part.strip_prefix("assets/"));
        let missing: Vec<&str> = referred.filter(|name| find(name).is_none()).collect();
        assert_eq!(missing, [""; 0]);
        for asset in ASSETS {
            let in_report_only = asset.name.starts_with("report");
            assert!(
                in_report_only || INDEX.contains(&format!("assets/{}\"", asset.name)),
                "{} is of no use",
                asset.name
            );
            assert!(!asset.text.contains("</script") && !asset.text.contains("</style"), "{}", asset.name);
        }
    }
}
