//! A report: views of the page, and the figures that they draw, as one file that needs nothing else.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Kind, find};
use crate::{audience::Answer, survey::CalendarJson, time::to_display};

const TEMPLATE: &str = include_str!("../../web/report.html");

/// What a report tells.
#[derive(Debug, Serialize)]
pub struct Report {
    version: &'static str,
    generated_at: String,
    title: String,
    series: Answer,
    calendars: Vec<CalendarJson>,
    calendars_left_out: usize,
}

impl Report {
    /// A report of these figures, and of what became of every bucket of these streams.
    pub fn new(title: String, series: Answer, calendars: Vec<CalendarJson>, now: DateTime<Utc>) -> Self {
        let calendars_left_out = series.streams().len().saturating_sub(calendars.len());
        let (version, generated_at) = (env!("CARGO_PKG_VERSION"), to_display(now));
        Self { version, generated_at, title, series, calendars, calendars_left_out }
    }

    /// As one HTML file.
    pub fn to_html(&self) -> Result<String, serde_json::Error> {
        let data = within_script(&serde_json::to_string(self)?);
        Ok(filled(&escaped(&self.title), &data))
    }
}

/// The template with everything in its place. What is put in is not looked through for places.
fn filled(title: &str, data: &str) -> String {
    let lines = TEMPLATE.lines().map(|line| {
        let line = match (line.split_once("{title}"), line.split_once("{data}")) {
            (Some((before, after)), _) => [before, title, after].concat(),
            (None, Some((before, after))) => [before, data, after].concat(),
            (None, None) => inlined(line),
        };
        line + "\n"
    });
    lines.collect()
}

/// A line of the template; where it refers to an asset, that asset.
fn inlined(line: &str) -> String {
    let referred = line.split_once("assets/").and_then(|(_, rest)| rest.split_once('"'));
    match referred.and_then(|(name, _)| find(name)) {
        Some(asset) => match asset.kind {
            Kind::Style => format!("<style>\n{}</style>", asset.text),
            Kind::Script => format!("<script>\n{}</script>", asset.text),
            Kind::Html | Kind::Icon => line.to_owned(),
        },
        None => line.to_owned(),
    }
}

/// JSON that ends no script and begins no comment (<https://html.spec.whatwg.org/#restrictions-for-contents-of-script-elements>).
fn within_script(json: &str) -> String {
    json.replace('<', "\\u003c")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_names_ends_the_script_or_the_title() {
        let json = within_script(&serde_json::to_string("</script><!-- & \u{2028}").unwrap());
        assert!(!json.contains('<'), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), "</script><!-- & \u{2028}");
        assert_eq!(escaped("a < b & c"), "a &lt; b &amp; c");
    }

    #[test]
    fn a_report_refers_to_nothing_outside_of_itself() {
        let page = filled("A {data} of {title}", "{}");
        assert!(page.contains("<title>A {data} of {title}</title>"), "what is put in has no places");
        assert!(page.contains("id=\"report-data\">{}</script>"));
        assert!(!page.contains("assets/"), "an asset that is not there");
    }
}
