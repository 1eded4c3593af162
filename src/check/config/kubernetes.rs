//! Volumes, mounts and environment variables of a pod, as the operator's resource and Helm's values
//! hold them.

use std::collections::HashMap;

use crate::check::config::mounts::{Mount, Mounts, SecretVolume, Volume, absolute};
use crate::check::config::settings::{Settings, Value};
use crate::yaml::Node;

/// Folders that the operator and the chart mount themselves: what is in them is not known here.
const OWN_MOUNTS: [&str; 3] = ["/var/lib/milvus", "/milvus/tools", "/milvus/logs"];

/// The mounts of a component: those of all components, and its own.
pub(crate) fn mounts(specs: &[Node<'_>], namespace: Option<&str>) -> Mounts {
    let volumes = specs.iter().flat_map(|spec| spec.get("volumes").into_iter().flat_map(Node::items));
    let volumes: HashMap<_, _> = volumes.map(|volume| (volume.text("name"), volume)).collect();
    let mut mounts = Mounts::new(false);
    for mount in specs.iter().flat_map(|spec| spec.get("volumeMounts").into_iter().flat_map(Node::items)) {
        let Some(target) = mount.text("mountPath").map(absolute) else { continue };
        // The operator's way to take a mount away.
        if mount.text("name") == Some("_remove") {
            mounts.remove(&target);
            continue;
        }
        let volume = volumes.get(&mount.text("name"));
        let volume =
            volume.map_or(Volume::Other, |volume| volume_of(*volume, namespace, mount.text("subPath")));
        let place = mount.get("subPath").unwrap_or(mount).place();
        mounts.add(Mount { target, volume, place });
    }
    for target in OWN_MOUNTS {
        if let Some(spec) = specs.first().filter(|_| mounts.of(target).is_none()) {
            mounts.add(Mount { target: target.into(), volume: Volume::Other, place: spec.place() });
        }
    }
    mounts
}

fn volume_of(volume: Node<'_>, namespace: Option<&str>, sub_path: Option<&str>) -> Volume {
    let Some(secret) = volume.get("secret") else { return Volume::Other };
    let items = secret.get("items").filter(|items| items.is_sequence()).map(|items| {
        let item = |item: Node<'_>| Some((item.text("key")?.to_owned(), item.text("path")?.to_owned()));
        items.items().filter_map(item).collect()
    });
    Volume::Secret(SecretVolume {
        name: secret.text("secretName").unwrap_or_default().to_owned(),
        namespace: namespace.map(str::to_owned),
        items,
        sub_path: sub_path.map(str::to_owned),
    })
}

/// Adds a container's variables, a list of names and values.
pub(crate) fn add_variables(settings: &mut Settings, list: Node<'_>) {
    for variable in list.items() {
        let Some(name) = variable.text("name") else { continue };
        match variable.get("value") {
            Some(value) => {
                let text = value.as_go_string().map_or(Value::Unknown, |text| Value::Text(text.into_owned()));
                settings.add_variable(name, text, value.place());
            }
            None => settings.add_variable(name, Value::Unknown, variable.place()),
        }
    }
}
