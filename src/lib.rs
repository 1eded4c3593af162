//! TLS certificates for [Milvus](https://milvus.io) that work the first time.
//!
//! [`actions`] is where to begin: [`actions::generate`] makes a certificate directory,
//! [`actions::renew`] renews what is in it, [`actions::issue`] issues more from its authority,
//! [`actions::rotate`] replaces that, and [`actions::check`] finds what is wrong.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let directory = folder.path().join("certs");
//! use milvus_certs::actions::{GenerateRequest, RenewRequest, generate, renew};
//! use time::OffsetDateTime;
//!
//! let now = OffsetDateTime::now_utc();
//! let mut request = GenerateRequest::new(&directory)?;
//! request.names.push("milvus.example.com".parse()?);
//! let made = generate(&request, now)?;
//! assert_eq!(made.certificates[1].names, ["localhost", "milvus.example.com", "127.0.0.1", "::1"]);
//!
//! let renewed = renew(&RenewRequest::new(&directory), now)?;
//! assert_eq!(renewed.certificates[1].names, made.certificates[1].names);
//! # Ok(())
//! # }
//! ```
//!
//! Each module imports only from those below it: [`actions`], [`probe`], [`audit`], [`milvus`],
//! [`store`], [`pki`].

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

#[cfg(not(unix))]
compile_error!(
    "milvus-certs protects private keys with the modes and locks of Unix; use it in WSL on Windows"
);

pub mod actions;
pub mod audit;
pub mod memory;
pub mod milvus;
pub mod pki;
#[cfg(feature = "probe")]
pub mod probe;
pub mod store;
mod workers;
