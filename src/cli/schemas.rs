//! The JSON schemas in `docs/schemas` are derived from the reports. `WRITE_SCHEMAS=1 cargo test schemas` writes them.

use std::fs;
use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::json;

#[cfg(feature = "probe")]
use crate::check::ProbeReport;
use crate::check::explain::ExplainReport;
use crate::check::{CheckReport, InspectReport};
use crate::cli::output::{Did, Document, SCHEMA_VERSION, Saw};
use crate::cli::rotate_ca::StatusReport;
use crate::deploy::ConfigReport;
use crate::deploy::connect::ConnectReport;
use crate::engine::{Report, RotationReport};

/// The schema of what a command prints, which has these fields and no others.
fn of<T: JsonSchema>(command: &str) -> Schema {
    let close = |schema: &mut Schema| {
        if schema.get("properties").is_some() {
            schema.insert("additionalProperties".into(), json!(false));
        }
    };
    let settings = SchemaSettings::draft2020_12().for_serialize().with_transform(RecursiveTransform(close));
    let mut schema = settings.into_generator().into_root_schema_for::<Document<T>>();
    schema.remove("description");
    schema.insert("title".into(), json!(format!("What `milvus-certs {command} --json` prints")));
    let name = command.split(' ').next();
    for (field, value) in [("schema_version", json!(SCHEMA_VERSION)), ("command", json!(name))] {
        *schema.pointer_mut(&format!("/properties/{field}")).unwrap() = json!({ "const": value });
    }
    schema
}

#[test]
#[expect(clippy::disallowed_methods, reason = "writes into the sources when it is asked to")]
fn the_schemas_are_those_of_the_reports() {
    let schemas = [
        ("gen", of::<Did<Report>>("gen")),
        ("renew", of::<Did<Report>>("renew")),
        ("issue", of::<Did<Report>>("issue")),
        ("rotate-ca", of::<Did<RotationReport>>("rotate-ca")),
        ("rotate-ca-status", of::<Saw<StatusReport>>("rotate-ca status")),
        ("inspect", of::<Saw<InspectReport>>("inspect")),
        ("check", of::<Saw<CheckReport>>("check")),
        ("config", of::<Did<ConfigReport>>("config")),
        ("connect", of::<Saw<ConnectReport>>("connect")),
        #[cfg(feature = "probe")]
        ("probe", of::<Saw<ProbeReport>>("probe")),
        ("explain", of::<Saw<ExplainReport>>("explain")),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas");
    for (name, schema) in schemas {
        let path = folder.join(name).with_extension("json");
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("WRITE_SCHEMAS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(written == text, "{} is out of date: WRITE_SCHEMAS=1 cargo test schemas", path.display());
    }
}
