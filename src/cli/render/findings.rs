//! What is said of findings: each with its evidence, why it matters and what helps.

use crate::check::Finding;
use crate::cli::render::page::Page;

pub(crate) fn paragraphs(list: &[Finding]) -> String {
    let mut page = Page::default();
    findings(&mut page, list);
    page.into_text()
}

/// Each finding, and an empty line after it.
pub(crate) fn findings(page: &mut Page, findings: &[Finding]) {
    for finding in findings {
        page.line(heading(finding));
        page.lines(explanation(finding));
        page.gap();
    }
}

/// What is wrong, and where.
pub(crate) fn heading(finding: &Finding) -> String {
    let code = finding.code;
    format!("{}[{code}]: {}: {}", code.severity(), finding.place, finding.evidence)
}

/// Why it matters, and what helps.
pub(crate) fn explanation(finding: &Finding) -> [String; 2] {
    [format!("  why: {}", finding.code.why()), format!("  fix: {}", finding.fix)]
}
