//! How times are written in JSON: RFC 3339 in UTC.

use serde::Serializer;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

const RFC_3339: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

pub(crate) fn rfc3339<S: Serializer>(time: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.format(RFC_3339).unwrap_or_else(|_| time.to_string()))
}

/// Reads what [`rfc3339`] writes.
pub(crate) fn from_timestamp(text: &str) -> Option<OffsetDateTime> {
    PrimitiveDateTime::parse(text, RFC_3339).ok().map(PrimitiveDateTime::assume_utc)
}
