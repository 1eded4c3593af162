//! How far a long run is: a bar at a terminal, a line for every thousand anywhere else.

use std::cell::Cell;
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::output;

/// Fewer certificates are there before anybody looks.
const WORTH_A_BAR: usize = 50;
const WORTH_A_LINE: usize = 1000;

/// Shows how many certificates of how many are in their places.
pub(super) struct Meter {
    bar: ProgressBar,
    is_quiet: bool,
    thousands: Cell<usize>,
}

impl Meter {
    /// A terminal has a bar, also where the report goes elsewhere; who asked for quiet has nothing.
    pub(super) fn new(is_quiet: bool) -> Self {
        let is_watched = !is_quiet && std::io::stderr().is_terminal();
        let target = if is_watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let template =
            ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} certificates, {eta} left");
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(template.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, is_quiet, thousands: Cell::new(0) }
    }

    pub(super) fn show(&self, done: usize, total: usize) {
        if total < WORTH_A_BAR {
            return;
        }
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
        if done == total {
            self.bar.finish_and_clear();
        }
        let thousands = done / WORTH_A_LINE;
        let is_next = thousands > self.thousands.replace(thousands);
        if is_next && self.bar.is_hidden() && !self.is_quiet {
            output::progress(done, total);
        }
    }
}

/// What an error leaves of a bar is not in the way of its message.
impl Drop for Meter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
