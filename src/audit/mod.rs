//! Findings about certificates, directories and Milvus' configuration, before Milvus says it in
//! riddles. Nothing here changes anything, reads a file or the clock, or prints.

mod authority;
mod bundle;
mod chain;
pub mod config;
mod end_entity;
mod explain;
mod finding;
mod issued;
mod judge;
mod keys;
mod names;
mod rotation;
mod rules;
mod serials;
mod verdict;

pub use bundle::Bundle;
pub use explain::explain;
pub use finding::{Finding, Place, Position};
pub use issued::{Issued, IssuedJudge, SignedSerials};
pub use judge::{Expectations, judge, judge_deployed, judge_interruption};
pub use rotation::{judge_next, judge_rotation};
pub use rules::{Code, Renewal, Severity};
pub use verdict::{Client, Outcome, Verdict};
