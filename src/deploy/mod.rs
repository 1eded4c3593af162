//! The files that a deployment of Milvus needs, and how clients connect.

pub mod clients;
mod config;
mod connect;
pub mod platforms;
mod template;

pub use config::{ConfigReport, ConfigRequest, ConfigTarget, RenderedDocument, config};
pub use connect::{ConnectReport, ConnectRequest, connect};
