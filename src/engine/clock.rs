//! Whether the clock can be right.

use time::OffsetDateTime;
use time::macros::datetime;

use crate::base::error::Error;
use crate::x509::moment;

/// No build of this version is older. A date in the source keeps builds reproducible; it may lie back, since
/// clocks that nobody has set say 1970, or when the machine was made.
const MADE: OffsetDateTime = datetime!(2026-06-01 00:00 UTC);

/// Fails where a clock says a time before this program was made: what is signed by it is not valid when it
/// should be.
pub(crate) fn check_clock(now: OffsetDateTime) -> Result<(), Error> {
    if now >= MADE {
        return Ok(());
    }
    let message =
        format!("the clock of this machine says {}, a time before this program was made", moment(now));
    Err(Error::new(message).with_hint("`date -u` shows that clock: set it, then run this again".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_nobody_has_set_is_named() {
        let error = check_clock(OffsetDateTime::UNIX_EPOCH).unwrap_err().to_string();
        assert!(error.contains("clock of this machine says 1970-01-01 00:00 UTC"), "{error}");
        check_clock(MADE).unwrap();
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test is about the clock")]
    fn the_program_was_not_made_in_the_future() {
        assert!(MADE < OffsetDateTime::now_utc());
    }
}
