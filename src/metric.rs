//! The metrics of the Data API.

/// One metric by the keyword that the Data API knows it by (Angus contract, sections 3 and 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// People in front of the camera for at least a second, stopping or not.
    PassingBy,
    /// People who stopped for at least 3 s and looked toward the camera for more than 1 s.
    Interested,
    /// Mean seconds standing still, over interested people.
    StopTime,
    /// Mean seconds looking, over interested people.
    AttentionTime,
    /// Interested people by age group and gender.
    Category,
    /// Interested people by gender.
    Gender,
    /// Documented nowhere; kept as received.
    Satisfaction,
}

impl Metric {
    /// Every metric, in the order in which they are asked and shown.
    pub const ALL: [Self; 7] = [
        Self::PassingBy,
        Self::Interested,
        Self::StopTime,
        Self::AttentionTime,
        Self::Category,
        Self::Gender,
        Self::Satisfaction,
    ];

    /// The keyword on the wire and in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PassingBy => "passing_by",
            Self::Interested => "interested",
            Self::StopTime => "stop_time",
            Self::AttentionTime => "attention_time",
            Self::Category => "category",
            Self::Gender => "gender",
            Self::Satisfaction => "satisfaction",
        }
    }

    /// The metric of this keyword.
    pub fn from_keyword(keyword: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == keyword)
    }
}

/// Which metrics a job asks for: at least one, each once, in the order of [`Metric::ALL`]. A set with a mean always
/// holds `interested`, which is the weight of every mean (Angus contract, section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricSet(Vec<Metric>);

impl MetricSet {
    /// `None` where `metrics` is empty.
    pub fn new(metrics: impl IntoIterator<Item = Metric>) -> Option<Self> {
        let mut set: Vec<Metric> = metrics.into_iter().collect();
        if set.contains(&Metric::StopTime) || set.contains(&Metric::AttentionTime) {
            set.push(Metric::Interested);
        }
        set.sort_unstable();
        set.dedup();
        (!set.is_empty()).then_some(Self(set))
    }

    /// Every metric.
    pub fn all() -> Self {
        Self(Metric::ALL.to_vec())
    }

    /// The metrics, in order.
    pub fn iter(&self) -> impl Iterator<Item = Metric> + '_ {
        self.0.iter().copied()
    }

    /// `passing_by,interested`: the `metrics` parameter of a request.
    pub fn to_parameter(&self) -> String {
        let keywords: Vec<&str> = self.iter().map(Metric::as_str).collect();
        keywords.join(",")
    }
}
