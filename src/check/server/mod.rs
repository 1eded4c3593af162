mod judgement;
mod known;
mod report;
mod request;
mod targets;

use std::sync::Arc;

use time::OffsetDateTime;

pub(crate) use report::{ClientOutcome, PortService, PortState, ProbeReport, ProbedPort};
pub(crate) use request::ProbeRequest;

use crate::base::error::Error;
use crate::probe::{Options, look};
use crate::x509::certificates_from_pem;
use known::Known;

/// Looks at running servers, and holds what they serve to a certificate directory.
///
/// # Errors
/// If the directory or a file that was named cannot be read.
pub(crate) fn probe(request: &ProbeRequest, now: OffsetDateTime) -> Result<ProbeReport, Error> {
    let known = Known::read(request)?;
    let cas = known.ca.as_ref().and_then(|(_, content)| certificates_from_pem(content).ok());
    let cas = cas.unwrap_or_default();
    // Whoever names a client certificate means it for the server that they name.
    let is_named = request.client.is_some();
    let options = Options {
        identity: known.identity()?,
        trusts: Arc::new(move |shown| is_named || known::verifies(&cas, shown, now)),
        timeout: request.timeout,
    };
    let seen = look(&request.targets(&known)?, options).map_err(|source| {
        Error::new(format!("cannot make network connections: {source}"))
            .with_hint("raise the limit of open files (`ulimit -n`), then run this again".to_owned())
    })?;
    let (ports, findings) = judgement::judge(request, &known, &seen, now);
    Ok(ProbeReport::new(known.directory, ports, findings))
}
