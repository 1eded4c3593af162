//! The values of Milvus' Helm chart.

use crate::base::shown::shown;
use crate::check::clients::{ALL, NOBODY, Stopped};
use crate::check::codes::Code;
use crate::check::config::deployment::Deployment;
use crate::check::config::findings::Findings;
use crate::check::config::kubernetes::{add_variables, mounts};
use crate::check::config::settings::Settings;
use crate::yaml::{self, Entry, Node};

/// Reads the chart's values.
pub(crate) fn deployment(values: Node<'_>, findings: &mut Findings) -> Deployment {
    let enabled = values.at(&["cluster", "enabled"]).and_then(Node::as_go_string);
    // The chart's default is a cluster.
    let component = if enabled.as_deref() == Some("false") { "standalone" } else { "proxy" };
    let specs: Vec<_> = std::iter::once(values).chain(values.get(component)).collect();

    let mut settings = Settings::default();
    settings.add_root(values.place());
    if has_own_config_map(values, findings) {
        settings.is_partial = true;
    } else {
        add_config_files(&mut settings, values, findings);
    }
    if let Some(env) = values.at(&[component, "extraEnv"]) {
        add_variables(&mut settings, env);
    }
    // How REST is reached stays unknown: the chart's Service has no port for it, it takes a Service of its own.
    Deployment { mounts: Some(mounts(&specs, None)), ..Deployment::of(settings) }
}

/// Whether the chart ignores `extraConfigFiles` because it was given a whole ConfigMap.
fn has_own_config_map(values: Node<'_>, findings: &mut Findings) -> bool {
    let name =
        values.get("customConfigMap").filter(|name| name.as_str().is_some_and(|text| !text.is_empty()));
    let Some(name) = name else { return false };
    let files = values.get("extraConfigFiles").map(Node::entries).unwrap_or_default();
    // The chart's own values.yaml has a user.yaml of comments.
    if let Some(file) = files.into_iter().find(|file| says_something(file.value)) {
        let evidence =
            format!("customConfigMap is {}, so {} is ignored", name.described(), shown(file.name()));
        findings.report(Code::CustomConfigMap, name.place(), evidence);
    }
    true
}

fn says_something(file: Node<'_>) -> bool {
    let Some((text, origin)) = file.embedded() else { return !file.is_null() };
    yaml::read(text, &origin).map_or(true, |documents| documents.iter().any(|found| !found.root().is_null()))
}

/// The chart mounts `default.yaml`, which it writes itself, and `user.yaml` beside the image's own
/// milvus.yaml; no other file reaches a pod.
fn add_config_files(settings: &mut Settings, values: Node<'_>, findings: &mut Findings) {
    let files = values.get("extraConfigFiles").map(Node::entries).unwrap_or_default();
    let is_user_yaml = |file: &Entry<'_>| file.name() == "user.yaml" && says_something(file.value);
    let has_user_yaml = files.iter().any(is_user_yaml);
    for file in files {
        match file.name() {
            "milvus.yaml" if says_something(file.value) => {
                let evidence =
                    "extraConfigFiles has milvus.yaml as a whole; the chart mounts user.yaml alone";
                let stopped = Stopped::both(if has_user_yaml { NOBODY } else { ALL });
                findings.stopping(Code::MilvusYamlReplaced, file.key.place(), evidence, stopped);
                settings.is_partial |= !has_user_yaml;
            }
            "user.yaml" => add_user_yaml(settings, file, findings),
            _ => {}
        }
    }
}

fn add_user_yaml(settings: &mut Settings, file: Entry<'_>, findings: &mut Findings) {
    let Some((text, origin)) = file.value.embedded() else {
        let evidence =
            format!("user.yaml is {}, where the chart needs text: `user.yaml: |`", file.value.described());
        findings.report(Code::WrongType, file.value.place(), evidence);
        settings.is_partial = true;
        return;
    };
    settings.add_documents(yaml::read(text, &origin), usize::MAX, findings);
}
