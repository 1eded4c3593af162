//! The files that a deployment of Milvus needs, and how its clients connect.
//!
//! Templates are filled in by pure functions. Only [`config`](fn@config) and [`connect`](fn@connect) read and
//! write files.

mod cert_manager;
pub(crate) mod clients;
pub(crate) mod compose;
mod config;
pub(crate) mod connect;
mod deployment;
mod endpoint;
pub(crate) mod helm_values;
pub(crate) mod kubernetes;
mod marker;
mod merge;
mod options;
mod output;
pub(crate) mod secret;
pub(crate) mod server_files;
pub(crate) mod settings;
mod standalone;
pub(crate) mod template;
mod user_yaml;

pub(crate) use clients::{APP, CLIENTS, Client};
pub(crate) use config::{ConfigReport, ConfigRequest, RefreshRequest, config, refresh};
pub(crate) use connect::{ClientFiles, ConnectRequest, connect};
pub(crate) use deployment::ConfigTarget;
pub(crate) use endpoint::Endpoint;
pub(crate) use kubernetes::ChartVersion;
pub(crate) use options::ConfigOptions;
pub(crate) use secret::SecretKind;
pub(crate) use settings::MountPath;
