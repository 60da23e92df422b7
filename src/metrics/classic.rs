//! The text format of Prometheus before `OpenMetrics` (version 0.0.4), for those who do not ask for the newer one: pure.

/// What [`to_classic`] makes, for the header.
pub const CLASSIC_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Translates `OpenMetrics`: there a family is named without the suffix of its samples, has a unit, and the text has an
/// end mark; here a family is named as its samples are, and what is only information is a gauge.
pub fn to_classic(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut help = None;
    for line in open_metrics.lines() {
        let Some(comment) = line.strip_prefix("# ") else {
            text += line;
            text.push('\n');
            continue;
        };
        if let Some(of_family) = comment.strip_prefix("HELP ") {
            help = of_family.split_once(' ');
        } else if let Some((name, kind)) = comment.strip_prefix("TYPE ").and_then(|rest| rest.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                kind => ("", kind),
            };
            if let Some((_, help)) = help.take().filter(|(helped, _)| *helped == name) {
                text += &format!("# HELP {name}{suffix} {help}\n");
            }
            text += &format!("# TYPE {name}{suffix} {kind}\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_named_as_their_samples_are() {
        let open_metrics = "# HELP a_runs Runs of jobs.\n# TYPE a_runs counter\na_runs_total{job=\"# TYPE x\"} 1\n\
                            # HELP a_free_bytes Room.\n# TYPE a_free_bytes gauge\n# UNIT a_free_bytes bytes\n\
                            a_free_bytes 7\n# HELP a_build What runs.\n# TYPE a_build info\n\
                            a_build_info{version=\"1\"} 1\n# EOF\n";
        let classic = "# HELP a_runs_total Runs of jobs.\n# TYPE a_runs_total counter\na_runs_total{job=\"# TYPE x\"} 1\n\
                       # HELP a_free_bytes Room.\n# TYPE a_free_bytes gauge\na_free_bytes 7\n\
                       # HELP a_build_info What runs.\n# TYPE a_build_info gauge\na_build_info{version=\"1\"} 1\n";
        assert_eq!(to_classic(open_metrics), classic);
    }
}
