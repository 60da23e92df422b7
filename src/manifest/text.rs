//! Instants and hashes as the texts that they are in a manifest.

/// RFC 3339, in UTC.
pub(super) mod instant {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::time::{parse_label, to_display};

    pub(in super::super) fn serialize<S: Serializer>(
        instant: &DateTime<Utc>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_display(*instant))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<DateTime<Utc>, D::Error> {
        parse_label(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// The same, or null.
pub(super) mod optional_instant {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use crate::time::{parse_label, to_display};

    #[expect(clippy::ref_option, reason = "serde gives the field as it is")]
    pub(in super::super) fn serialize<S: Serializer>(
        instant: &Option<DateTime<Utc>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        instant.map(to_display).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| parse_label(&text).map_err(D::Error::custom)).transpose()
    }
}

/// 64 hexadecimal digits.
pub(super) mod hash {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::{
        hex::{hex, unhex},
        sink::publish::FileHash,
    };

    pub(in super::super) fn serialize<S: Serializer>(
        hash: &FileHash,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(hash))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<FileHash, D::Error> {
        let text = String::deserialize(deserializer)?;
        unhex(&text).ok_or_else(|| D::Error::custom("expected 64 hexadecimal digits"))
    }
}
