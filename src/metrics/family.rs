//! Metrics as values, and as text in the format of `OpenMetrics`.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text},
    metrics::{MetricType, exemplar::Exemplar},
    registry::{Registry, Unit},
};

use super::durations::Durations;

/// What every name begins with.
const PREFIX: &str = "audience_exporter";

/// Names and values, in the order in which they are written.
pub(super) type Labels = Vec<(&'static str, String)>;

/// All samples of one name.
#[derive(Debug)]
pub(super) struct Family {
    /// Without prefix, unit and suffix.
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    kind: MetricType,
    samples: Vec<(Labels, Value)>,
}

#[derive(Debug)]
enum Value {
    Count(u64),
    Gauge(i64),
    Durations(Durations),
    /// The labels are all there is.
    Info,
}

impl Family {
    /// What only grows. Its name ends in `_total`.
    pub(super) fn counter(
        name: &'static str,
        help: &'static str,
        samples: impl IntoIterator<Item = (Labels, u64)>,
    ) -> Self {
        let samples = samples.into_iter().map(|(labels, count)| (labels, Value::Count(count)));
        Self { name, help, unit: None, kind: MetricType::Counter, samples: samples.collect() }
    }

    /// What goes up and down.
    pub(super) fn gauge(
        name: &'static str,
        help: &'static str,
        samples: impl IntoIterator<Item = (Labels, i64)>,
    ) -> Self {
        let samples = samples.into_iter().map(|(labels, figure)| (labels, Value::Gauge(figure)));
        Self { name, help, unit: None, kind: MetricType::Gauge, samples: samples.collect() }
    }

    /// How long things took. Its name ends in `_seconds`.
    pub(super) fn durations(
        name: &'static str,
        help: &'static str,
        samples: impl IntoIterator<Item = (Labels, Durations)>,
    ) -> Self {
        let samples = samples.into_iter().map(|(labels, took)| (labels, Value::Durations(took)));
        let (unit, kind) = (Some(Unit::Seconds), MetricType::Histogram);
        Self { name, help, unit, kind, samples: samples.collect() }
    }

    /// What never changes. Its name ends in `_info`.
    pub(super) fn info(name: &'static str, help: &'static str, labels: Labels) -> Self {
        Self { name, help, unit: None, kind: MetricType::Info, samples: vec![(labels, Value::Info)] }
    }

    /// The same in seconds: its name ends in `_seconds`.
    pub(super) fn in_seconds(self) -> Self {
        Self { unit: Some(Unit::Seconds), ..self }
    }

    /// The same in bytes: its name ends in `_bytes`.
    pub(super) fn in_bytes(self) -> Self {
        Self { unit: Some(Unit::Bytes), ..self }
    }

    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (labels, value) in &self.samples {
            match value {
                // Its labels are its own.
                Value::Info => encoder.encode_info(labels)?,
                // Nothing instead of `{}`.
                value if labels.is_empty() => value.encode(&mut encoder)?,
                value => value.encode(&mut encoder.encode_family(labels)?)?,
            }
        }
        Ok(())
    }
}

impl Value {
    fn encode(&self, encoder: &mut MetricEncoder<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => encoder.encode_counter(count, None::<&Exemplar<NoLabelSet, u64>>),
            Self::Gauge(figure) => encoder.encode_gauge(figure),
            Self::Durations(took) => {
                let (sum, count, buckets) = (took.sum_seconds(), took.count(), took.buckets());
                encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
            }
            Self::Info => Ok(()),
        }
    }
}

#[derive(Debug)]
struct Page(Vec<Family>);

impl Collector for Page {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in &self.0 {
            let Family { name, help, unit, kind, .. } = family;
            family.encode(encoder.encode_descriptor(name, help, unit.as_ref(), *kind)?)?;
        }
        Ok(())
    }
}

/// All families as text. Each is named, also where it has no samples.
pub(super) fn to_text(families: Vec<Family>) -> String {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Page(families)));
    let mut text = String::new();
    // Writing into a text cannot fail. Were it to, the end mark would lack, and whoever reads it would refuse it.
    _ = text::encode(&mut text, &registry);
    text
}
