use zeroize::Zeroizing;

use crate::check::config::compose::service::Service;
use crate::check::config::compose::syntax::{ShortVolume, host_volume, interpolated, short_volume};
use crate::check::config::mounts::{Mount, Mounts, TextVolume, Volume, absolute};
use crate::yaml::Node;

/// Where Compose puts a file and what it is, for `secrets` and `configs`.
const FILES: [(&str, &str); 2] = [("secrets", "/run/secrets/"), ("configs", "/")];

/// What is mounted into a service: its volumes, and the files of `secrets` and `configs`.
pub(crate) fn mounts(service: &Service<'_>) -> Mounts {
    let mut mounts = Mounts::new(service.is_partial() || !service.has_milvus_own_image());
    for item in service.all("volumes").flat_map(Node::items) {
        let ShortVolume { volume, target } = volume_of(item, service);
        match target {
            Some(target) => mounts.add(Mount { target: absolute(&target), volume, place: item.place() }),
            None => mounts.is_partial = true,
        }
    }
    for (field, folder) in FILES {
        for item in service.all(field).flat_map(Node::items) {
            if let Some(mount) = file_mount(service, field, folder, item) {
                mounts.add(mount);
            }
        }
    }
    mounts
}

fn volume_of(item: Node<'_>, service: &Service<'_>) -> ShortVolume {
    if let Some(text) = item.as_str() {
        return short_volume(text, service.folder);
    }
    let volume = match (item.text("type"), item.text("source")) {
        (Some("bind"), Some(source)) => host_volume(source, service.folder),
        _ => Volume::Other,
    };
    let target = item.text("target").map(interpolated).filter(|target| !target.is_unknown);
    ShortVolume { volume, target: target.map(|target| target.text.into_owned()) }
}

/// A file that is written where it is described. With variables in it its text is not known.
fn written(content: Node<'_>) -> Volume {
    match content.embedded().filter(|(text, _)| !text.contains('$')) {
        Some((text, origin)) => Volume::Text(TextVolume { text: Zeroizing::new(text.to_owned()), origin }),
        None => Volume::Other,
    }
}

/// A file that is described beside the services and mounted by its name.
fn file_mount(service: &Service<'_>, field: &str, folder: &str, item: Node<'_>) -> Option<Mount> {
    let name = item.as_str().or_else(|| item.text("source"))?;
    let target = item.text("target").unwrap_or(name);
    let described = service.files.iter().rev().find_map(|file| file.document.at(&[field, name]));
    let volume = match described.and_then(|described| described.text("file")) {
        // Unlike in a volume, a path without a dot before it is a path.
        Some(file) => host_volume(&format!("./{file}").replacen(".//", "/", 1), service.folder),
        None => described.and_then(|described| described.get("content")).map_or(Volume::Other, written),
    };
    let target = if target.starts_with('/') { target.to_owned() } else { format!("{folder}{target}") };
    Some(Mount { target: absolute(&target), volume, place: item.place() })
}
