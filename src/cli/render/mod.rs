//! What several commands say in the same words.

pub(super) mod certificates;
pub(super) mod findings;
pub(super) mod page;
