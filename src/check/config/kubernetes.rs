//! What runs Milvus in Kubernetes: the Milvus operator's resource, and the values of Milvus' Helm chart. Both hold
//! volumes, mounts and environment variables of pods.

use std::collections::HashMap;

use crate::base::place::Place;
use crate::base::shown::shown;
use crate::check::clients::{ALL, NOBODY, Stopped};
use crate::check::codes::Code;
use crate::check::config::compose::image_user;
use crate::check::config::deployment::{Deployment, Publication};
use crate::check::config::findings::Findings;
use crate::check::config::ingress::Ingress;
use crate::check::config::mounts::{Mount, Mounts, SecretItem, SecretVolume, Volume, absolute};
use crate::check::config::settings::{Settings, Value};
use crate::check::config::values::{Values, items_by, settings_in};
use crate::check::fix::Part;
use crate::yaml::{self, Entry, Node};

/// Folders that the operator and the chart mount themselves: what is in them is not known here.
const OWN_MOUNTS: [&str; 3] = ["/var/lib/milvus", "/milvus/tools", "/milvus/logs"];

/// As whom the operator lets Milvus run where `runAsNonRoot` is said.
const USER_OF_OPERATOR: u32 = 1000;

/// Reads the operator's resource of kind Milvus, or MilvusCluster.
pub(crate) fn of_operator(document: Node<'_>, findings: &mut Findings) -> Deployment {
    let is_cluster = document.text("kind") == Some("MilvusCluster")
        || document.at(&["spec", "mode"]).and_then(Node::as_str) == Some("cluster");
    let component = if is_cluster { "proxy" } else { "standalone" };
    let paths: [&[&str]; 2] = [&["spec", "components"], &["spec", "components", component]];
    let specs: Vec<_> = paths.into_iter().filter_map(|path| document.at(path)).collect();

    let mut settings = Settings::default();
    match document.get("spec").and_then(|spec| spec.entry("config")) {
        Some(Entry { key, value }) => settings.add_document(key.place(), value),
        None => settings.add_root(document.root().place()),
    }
    for env in specs.iter().filter_map(|spec| spec.get("env")) {
        add_variables(&mut settings, env);
    }
    let namespace = document.at(&["metadata", "namespace"]).and_then(Node::as_str);
    let last = |key| specs.iter().rev().find_map(|spec| spec.get(key));
    let lists = |key| specs.iter().filter_map(|spec| spec.get(key)).collect::<Vec<_>>();
    // Those of a component take the place of those of all, while mounts are added (the operator's MergeComponentSpec).
    let volumes: Vec<_> = specs.iter().filter_map(|spec| spec.entry("volumes")).collect();
    if let [of_all, own] = volumes.as_slice() {
        lost_volumes(of_all.value, *own, component, &lists("volumeMounts"), findings);
    }
    let volumes = Vec::from_iter(volumes.last().map(|volumes| volumes.value));
    let mounts = mounts(&volumes, &lists("volumeMounts"), specs.first().copied(), namespace);
    // As the operator's updatePodTemplate has it; it knows no fsGroup.
    let is_not_root = specs.first().is_some_and(|spec| spec.text("runAsNonRoot") == Some("true"));
    let image = last("image").and_then(Node::as_str);
    let user = user_without_group(last("securityContext"), None, image.filter(|_| !is_not_root));
    Deployment {
        mounts: Some(mounts),
        user: user.or(is_not_root.then_some(USER_OF_OPERATOR)),
        rest: publication(document, component),
        ..Deployment::of(settings)
    }
}

/// Finds volumes of all components that a component's own list takes away, while it mounts them.
fn lost_volumes(
    of_all: Node<'_>,
    own: Entry<'_>,
    component: &str,
    mounts: &[Node<'_>],
    findings: &mut Findings,
) {
    let has = |list: Node<'_>, name| list.items().any(|item| item.text("name") == Some(name));
    let mounted = mounts.iter().flat_map(|list| list.items()).filter_map(|mount| mount.text("name"));
    let mut lost = mounted.filter(|name| has(of_all, name) && !has(own.value, name));
    if let (Some(name), false) = (lost.next(), own.value.is_null()) {
        let own_path = format!("spec.components.{component}.volumes");
        let evidence = format!(
            "{own_path} takes the place of spec.components.volumes, and has no volume {}, which is mounted",
            shown(name)
        );
        findings.report_with(Code::TlsPathNotMounted, own.key.place(), evidence, |finding| {
            finding.because("Kubernetes refuses what the operator makes of it, and what runs stays as it is");
            finding.advise(&[Part::Say("repeat the volume in the list of the component")]);
        });
    }
}

/// The operator's Service has a REST port only where `serviceRestfulPort` says so
/// (milvus-operator#415); it is the container's port too, by name.
fn publication(document: Node<'_>, component: &'static str) -> Publication {
    let path = ["spec", "components", component, "serviceRestfulPort"];
    let value = document.at(&path).and_then(|value| Some((value, value.as_go_string()?.into_owned())));
    let (value, port) = value.unzip();
    let above = || (1..path.len()).rev().find_map(|end| key_at(document, &path[..end]));
    let place = value.or_else(above).unwrap_or(document).place();
    Publication::ServiceRestfulPort { component, port, place }
}

/// The key at the end of a path.
fn key_at<'a>(document: Node<'a>, path: &[&str]) -> Option<Node<'a>> {
    let (last, above) = path.split_last()?;
    document.at(above)?.entry(last).map(|Entry { key, .. }| key)
}

/// Reads the chart's values.
pub(crate) fn of_helm(values: &Values<'_>, findings: &mut Findings) -> Deployment {
    let enabled = values.at(&["cluster", "enabled"]).and_then(Node::as_go_string);
    // The chart's default is a cluster.
    let component = if enabled.as_deref() == Some("false") { "standalone" } else { "proxy" };

    let mut settings = Settings::default();
    settings.add_root(values.node().map_or_else(|| Place::file("-"), Node::place));
    add_config_files(&mut settings, values, findings);
    if let Some(env) = values.at(&[component, "extraEnv"]) {
        add_variables(&mut settings, env);
    }
    let read = ["cluster", "extraConfigFiles", "volumes", "volumeMounts", "ingress", component];
    let repeated = values.repeated().filter(|key| key.as_str().is_some_and(|key| read.contains(&key)));
    for key in repeated.chain(values.get("extraConfigFiles").iter().flat_map(Values::repeated)) {
        findings.repeated(key.place(), &key.described());
    }
    values.report_replaced(&["extraConfigFiles", "user.yaml"], settings_in, findings);
    values.report_replaced(&["volumes"], items_by("name"), findings);
    values.report_replaced(&["volumeMounts"], items_by("mountPath"), findings);
    let lists =
        |key| [values.at(&[key]), values.at(&[component, key])].into_iter().flatten().collect::<Vec<_>>();
    // The chart takes a component's own, or else that of all.
    let context = |key| values.at(&[component, key]).or_else(|| values.at(&[key]));
    let tag = values.at(&["image", "all", "tag"]).and_then(Node::as_str);
    let image = tag.map(|tag| format!("milvus:{tag}"));
    // How REST is reached stays unknown: the chart's Service has no port for it, it takes a Service of its own.
    Deployment {
        mounts: Some(mounts(&lists("volumes"), &lists("volumeMounts"), values.node(), None)),
        user: user_without_group(
            context("containerSecurityContext"),
            context("securityContext"),
            image.as_deref(),
        ),
        ingresses: Ingress::of_helm(values).into_iter().collect(),
        ..Deployment::of(settings)
    }
}

/// The chart mounts `default.yaml`, which it writes itself, and `user.yaml` beside the image's own
/// milvus.yaml; no other file reaches a pod. It ignores both if it is given a whole ConfigMap.
fn add_config_files(settings: &mut Settings, values: &Values<'_>, findings: &mut Findings) {
    let files = values.get("extraConfigFiles").map(|files| files.entries()).unwrap_or_default();
    let map = values.at(&["customConfigMap"]).filter(|map| map.as_str().is_some_and(|name| !name.is_empty()));
    if let Some(map) = map {
        if let Some(file) = files.iter().find(|file| says_something(file.value)) {
            let evidence =
                format!("customConfigMap is {}, so {} is ignored", map.described(), shown(file.name()));
            findings.report(Code::CustomConfigMap, map.place(), evidence);
        }
        settings.is_partial = true;
        return;
    }
    let has_user_yaml = files.iter().any(|file| file.name() == "user.yaml" && says_something(file.value));
    for Entry { key, value } in files {
        match (key.as_str(), value.embedded()) {
            (Some("milvus.yaml"), _) if says_something(value) => {
                let evidence =
                    "extraConfigFiles has milvus.yaml as a whole; the chart mounts user.yaml alone";
                let stopped = Stopped::both(if has_user_yaml { NOBODY } else { ALL });
                findings.report_with(Code::MilvusYamlReplaced, key.place(), evidence, |finding| {
                    finding.stops(stopped);
                    finding.because("the chart gives milvus.yaml to no pod: what it says counts for nothing");
                    finding
                        .advise(&[Part::Say("write the settings under `extraConfigFiles:`, `user.yaml: |`")]);
                });
                settings.is_partial |= !has_user_yaml;
            }
            (Some("user.yaml"), Some((text, origin))) => {
                settings.add_documents(yaml::read(text, &origin), usize::MAX, findings);
            }
            (Some("user.yaml"), None) => {
                let evidence =
                    format!("user.yaml is {}, where the chart needs text: `user.yaml: |`", value.described());
                findings.report(Code::WrongType, value.place(), evidence);
                settings.is_partial = true;
            }
            _ => {}
        }
    }
}

/// The chart's own values.yaml has a user.yaml of comments.
fn says_something(file: Node<'_>) -> bool {
    let Some((text, origin)) = file.embedded() else { return !file.is_null() };
    yaml::read(text, &origin).map_or(true, |documents| documents.iter().any(|found| !found.root().is_null()))
}

/// The mounts of a component: those of all components, and its own. The folders of the operator and the chart are
/// mounted where everything is described.
fn mounts(
    volumes: &[Node<'_>],
    volume_mounts: &[Node<'_>],
    all: Option<Node<'_>>,
    namespace: Option<&str>,
) -> Mounts {
    let volumes = volumes.iter().flat_map(|list| list.items());
    let volumes: HashMap<_, _> = volumes.map(|volume| (volume.text("name"), volume)).collect();
    let mut mounts = Mounts::default();
    for mount in volume_mounts.iter().flat_map(|list| list.items()) {
        let Some(target) = mount.text("mountPath").map(absolute) else { continue };
        // The operator's way to take a mount away.
        if mount.text("name") == Some("_remove") {
            mounts.by_target.remove(&target);
            continue;
        }
        let volume = volumes.get(&mount.text("name"));
        let volume =
            volume.map_or(Volume::Other, |volume| volume_of(*volume, namespace, mount.text("subPath")));
        let place = mount.get("subPath").unwrap_or(mount).place();
        mounts.add(Mount { target, volume, place });
    }
    for target in OWN_MOUNTS {
        if let Some(all) = all.filter(|_| mounts.of(target).is_none()) {
            mounts.add(Mount { target: target.into(), volume: Volume::Other, place: all.place() });
        }
    }
    mounts
}

fn volume_of(volume: Node<'_>, namespace: Option<&str>, sub_path: Option<&str>) -> Volume {
    let Some(secret) = volume.get("secret") else { return Volume::Other };
    let items = secret.get("items").filter(|items| items.is_sequence()).map(|items| {
        let item = |item: Node<'_>| {
            let (key, path) = (item.text("key")?.to_owned(), item.text("path")?.to_owned());
            Some(SecretItem { key, path, mode: mode_in(item, "mode") })
        };
        items.items().filter_map(item).collect()
    });
    Volume::Secret(SecretVolume {
        name: secret.text("secretName").unwrap_or_default().to_owned(),
        namespace: namespace.map(str::to_owned),
        items,
        sub_path: sub_path.map(str::to_owned),
        mode: mode_in(secret, "defaultMode"),
    })
}

/// The permissions of files; in YAML a number that begins with 0 is octal.
fn mode_in(node: Node<'_>, key: &str) -> Option<(u32, Place)> {
    let value = node.get(key)?;
    let text = value.as_str()?;
    let octal = text.strip_prefix("0o").or_else(|| text.strip_prefix('0').filter(|rest| !rest.is_empty()));
    let mode = octal.map_or_else(|| text.parse().ok(), |digits| u32::from_str_radix(digits, 8).ok())?;
    Some((mode, value.place()))
}

/// As whom a container runs, where that is known and not even its group may read what belongs to root: by what is said of
/// the container, of its Pod, or by its image. A group of the Pod gets Secrets too (Kubernetes' fsGroup).
fn user_without_group(
    container: Option<Node<'_>>,
    pod: Option<Node<'_>>,
    image: Option<&str>,
) -> Option<u32> {
    let said = |context: Node<'_>| context.text("runAsUser")?.parse().ok();
    let has_group = pod.is_some_and(|pod| pod.get("fsGroup").is_some_and(|group| !group.is_null()));
    let user = container.and_then(said).or_else(|| pod.and_then(said));
    user.or_else(|| image.and_then(image_user)).filter(|_| !has_group)
}

/// Adds a container's variables, a list of names and values.
fn add_variables(settings: &mut Settings, list: Node<'_>) {
    for variable in list.items() {
        let Some(name) = variable.text("name") else { continue };
        let value = variable.get("value");
        let text = value.and_then(Node::as_go_string);
        let text = text.map_or(Value::Unknown, |text| Value::Text(text.into_owned()));
        settings.add_variable(name, text, value.unwrap_or(variable).place());
    }
}
