//! The files that a deployment of Milvus needs, and how its clients connect.
//!
//! Templates are filled in by pure functions. Only [`config`](fn@config) and [`connect`](fn@connect) read and
//! write files.

mod cert_manager;
mod clients;
mod compose;
mod config;
mod connect;
mod endpoint;
mod kubernetes;
mod secret;
mod server_files;
mod settings;
mod template;

pub use clients::{ClientKind, Connection};
pub use compose::compose;
pub use config::{ConfigReport, ConfigRequest, ConfigTarget, RenderedDocument, config};
pub use connect::{ConnectReport, ConnectRequest, connect};
pub use endpoint::Endpoint;
pub use kubernetes::{Cluster, kubernetes};
pub use secret::{SecretKind, secret};
pub use server_files::{ServerFile, ServerFiles};
pub use settings::{MountPath, TlsSettings};
pub use template::Document;
