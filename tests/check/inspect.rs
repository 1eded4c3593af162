//! What `inspect` shows.
