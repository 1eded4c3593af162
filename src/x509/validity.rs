use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, UtcOffset};

use crate::x509::error::Error;
use crate::x509::json::rfc3339;

/// Certificates begin a little in the past, for machines whose clocks differ.
const BACKDATE: Duration = Duration::minutes(5);

/// RFC 5280 4.1.2.5: dates have four digits for the year.
const LAST_YEAR: i32 = 9999;

/// How long a certificate is to live, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Days(u32);

impl Days {
    /// From year 0 to year 9999.
    pub const MAX: u32 = 3_652_058;

    /// # Errors
    /// Zero, or more than any certificate can say.
    pub fn new(days: u32) -> Result<Self, Error> {
        match days {
            1..=Self::MAX => Ok(Self(days)),
            _ => Err(invalid(&days.to_string())),
        }
    }

    /// A number of days that the program itself gives.
    ///
    /// # Panics
    /// Where [`Days::new`] is an error; in a constant, when it is compiled.
    pub const fn constant(days: u32) -> Self {
        assert!(matches!(days, 1..=Self::MAX), "no certificate can say so many days");
        Self(days)
    }
}

const HINT: &str = "give a number of days, such as 365 or 3650";

fn invalid(days: &str) -> Error {
    Error::new(format!("{days:?} is not a number of days from 1 to {}", Days::MAX)).with_hint(HINT)
}

impl FromStr for Days {
    type Err = Error;

    fn from_str(value: &str) -> Result<Self, Error> {
        value.parse().map_err(|_| invalid(value)).and_then(Self::new)
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// From when to when a certificate is valid, both ends included, in whole seconds of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Validity {
    /// The first second.
    #[serde(serialize_with = "rfc3339")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub not_before: OffsetDateTime,
    /// The last second.
    #[serde(serialize_with = "rfc3339")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub not_after: OffsetDateTime,
}

impl Validity {
    /// From five minutes before `now` until `days` after it.
    ///
    /// # Errors
    /// If it would end after the year 9999.
    pub fn starting(now: OffsetDateTime, days: Days) -> Result<Self, Error> {
        let now = now.to_offset(UtcOffset::UTC).replace_nanosecond(0).map_err(Error::signing)?;
        let not_after = now
            .checked_add(Duration::days(days.0.into()))
            .filter(|end| end.year() <= LAST_YEAR)
            .ok_or_else(|| {
                Error::new(format!(
                    "{days} days from now is past the year {LAST_YEAR}, the last that a certificate can name"
                ))
                .with_hint(HINT)
            })?;
        Ok(Self { not_before: now - BACKDATE, not_after })
    }

    /// The part of this validity that lies within its issuer's: a certificate that outlives its
    /// issuer stops working at the issuer's end, and surprises.
    pub fn within(self, issuer: Validity) -> Self {
        Self {
            not_before: self.not_before.max(issuer.not_before),
            not_after: self.not_after.min(issuer.not_after),
        }
    }

    /// The length in whole days, at least one: what a renewal takes over.
    pub fn days(&self) -> Days {
        let days = (self.not_after - self.not_before).whole_days();
        Days(u32::try_from(days).unwrap_or(1).clamp(1, Days::MAX))
    }
}

/// A moment as messages name it: `2036-11-22 18:57 UTC`.
pub(crate) fn moment(time: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    let time = time.to_offset(UtcOffset::UTC);
    time.format(format).unwrap_or_else(|_| time.to_string())
}

/// Whole days from now until then, rounded down; negative when it has passed.
pub(crate) fn day_count(now: OffsetDateTime, then: OffsetDateTime) -> i64 {
    (then - now).whole_seconds().div_euclid(24 * 60 * 60)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-02-28 12:00:00.5 UTC);

    fn starting(days: u32) -> Validity {
        Validity::starting(NOW, Days::new(days).unwrap()).unwrap()
    }

    #[test]
    fn a_certificate_begins_five_minutes_back_and_ends_after_its_days() {
        let validity = starting(1);
        assert_eq!(validity.not_before, datetime!(2026-02-28 11:55:00 UTC));
        assert_eq!(validity.not_after, datetime!(2026-03-01 12:00:00 UTC));
    }

    #[test]
    fn renewing_takes_over_the_same_number_of_days() {
        for days in [1, 365, 3650, 36500] {
            assert_eq!(starting(days).days(), Days(days));
        }
    }

    #[test]
    fn a_moment_has_a_time_and_a_zone() {
        assert_eq!(moment(datetime!(2036-11-22 19:57:59 +1)), "2036-11-22 18:57 UTC");
    }

    #[test]
    fn a_certificate_is_cut_to_its_issuer() {
        let issuer = Validity { not_before: NOW - Duration::minutes(1), not_after: NOW + Duration::days(7) };
        assert_eq!(starting(3650).within(issuer), issuer);
    }

    #[test]
    fn days_without_sense_are_refused() {
        for days in ["0", "-1", "", "x", "1.5", "3652059", "99999999999999999999"] {
            let error = days.parse::<Days>().unwrap_err();
            assert_eq!(error.to_string(), format!("{days:?} is not a number of days from 1 to 3652058"));
        }
        let late = Validity::starting(NOW, Days::new(3_000_000).unwrap()).unwrap_err().to_string();
        assert!(late.starts_with("3000000 days from now is past the year 9999"), "{late}");
    }
}
