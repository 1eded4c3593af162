//! The values that somebody has for Milvus' Helm chart. `helm upgrade -f MINE -f OURS` merges maps, but takes lists and
//! texts of the last file alone: so ours has theirs within.

use crate::base::error::Error;
use crate::deploy::merge::{merged_settings, write_item};
use crate::deploy::settings::MountPath;
use crate::yaml::{self, Document, Malformed, Node, Origin};

/// What the files say that ours would replace.
#[derive(Default)]
pub(crate) struct HelmValues {
    /// Their paths, as ours names them.
    pub files: Vec<String>,
    /// Whether each component runs by itself, where they say so.
    pub is_distributed: Option<bool>,
    /// Whether an Ingress stands before Milvus.
    pub has_ingress: bool,
    /// The text of `extraConfigFiles."user.yaml"`, with our settings.
    pub user_yaml: Option<String>,
    /// Items of `volumes` and `volumeMounts`, as they stand in a list.
    pub volumes: String,
    pub mounts: String,
}

/// What our volume is called.
pub(crate) const VOLUME: &str = "certs";

impl HelmValues {
    /// Reads values files in the order in which Helm is given them.
    ///
    /// # Errors
    /// If one is no YAML, or what it says cannot stand beside ours.
    pub(crate) fn of(
        files: &[(String, impl AsRef<[u8]>)],
        settings: &str,
        mount_path: &MountPath,
    ) -> Result<Self, Error> {
        let mut documents = Vec::new();
        for (path, content) in files {
            documents.extend(yaml::read_file(content.as_ref(), &Origin::file(path)).map_err(no_yaml)?);
        }
        let roots: Vec<_> = documents.iter().map(Document::root).collect();
        let last = |path: &[&str]| {
            let mut found =
                roots.iter().rev().map(|root| path.iter().try_fold(*root, |node, key| node.get(key)));
            found.find_map(|node| node).filter(|node| !node.is_null())
        };
        let user_yaml = last(&["extraConfigFiles", "user.yaml"]).map(|node| with_settings(node, settings));
        let volumes = last(&["volumes"]);
        let mounts = last(&["volumeMounts"]);
        if let Some(volume) = items(volumes).find(|item| item.text("name") == Some(VOLUME)) {
            let message = format!("a volume is called {VOLUME} already, as ours is");
            return Err(in_the_way(
                volume,
                &message,
                "rename it there, or remove it if it is what `config helm` wrote",
            ));
        }
        if let Some(mount) = items(mounts).find(|item| item.text("mountPath") == Some(mount_path.as_str())) {
            let message = format!("something is mounted at {} already", mount_path.as_str());
            return Err(in_the_way(mount, &message, "--mount-path puts ours somewhere else"));
        }
        Ok(Self {
            files: files.iter().map(|(path, _)| path.clone()).collect(),
            is_distributed: last(&["cluster", "enabled"])
                .and_then(Node::as_str)
                .and_then(|text| text.parse().ok()),
            has_ingress: last(&["ingress", "enabled"]).and_then(Node::as_str) == Some("true"),
            user_yaml: user_yaml.transpose()?,
            volumes: listed(volumes),
            mounts: listed(mounts),
        })
    }
}

fn no_yaml(malformed: Malformed) -> Error {
    Error::new(format!("{}: is no YAML: {}", malformed.place, malformed.reason))
        .with_hint("`helm lint` says what Helm makes of it".to_owned())
}

fn in_the_way(node: Node<'_>, message: &str, hint: &str) -> Error {
    Error::new(format!("{}: {message}", node.place())).with_hint(hint.to_owned())
}

/// A user.yaml with our settings in it: ours win.
fn with_settings(user_yaml: Node<'_>, settings: &str) -> Result<String, Error> {
    let merged = user_yaml.as_str().ok_or_else(|| "it is no text".to_owned());
    merged.and_then(|text| merged_settings(text, settings)).map_err(|reason| {
        Error::new(format!("{}: our settings cannot be added to this user.yaml: {reason}", user_yaml.place()))
            .with_hint(
                "add to it by hand what `milvus-certs config milvus` prints, and leave --values out"
                    .to_owned(),
            )
    })
}

fn items<'a>(list: Option<Node<'a>>) -> impl Iterator<Item = Node<'a>> {
    list.into_iter().flat_map(Node::items)
}

/// The items of a list, each on lines of its own.
fn listed(list: Option<Node<'_>>) -> String {
    let mut text = String::new();
    items(list).for_each(|item| write_item(item, 0, &mut text));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[&str]) -> Result<HelmValues, Error> {
        let files: Vec<_> = files.iter().map(|text| ("mine.yaml".to_owned(), text)).collect();
        HelmValues::of(
            &files,
            "common:\n  security:\n    tlsMode: 1\ntls:\n  caPemPath: \"/certs/ca.pem\"\n",
            &MountPath::kubernetes(),
        )
    }

    #[test]
    fn settings_are_added_to_a_user_yaml_and_win() {
        let mine = "extraConfigFiles:\n  user.yaml: |\n    common:\n      security:\n        authorizationEnabled: true\n        tlsMode: 0 # off\n    log: {level: warn}\n    \"odd: key\": [0400, 'a #b', {}, [x, {y: null}]]\n";
        let values = of(&[mine]).unwrap();
        let expected = "common:\n  security:\n    authorizationEnabled: true\n    tlsMode: 1\nlog:\n  level: warn\n\"odd: key\":\n  - 0400\n  - \"a #b\"\n  - {}\n  - - x\n    - y: null\ntls:\n  caPemPath: \"/certs/ca.pem\"\n";
        assert_eq!(values.user_yaml.as_deref(), Some(expected));
    }

    #[test]
    fn lists_are_those_of_the_last_file_that_has_them() {
        let first =
            "volumes:\n  - name: a\nvolumeMounts:\n  - {name: a, mountPath: /a}\ncluster: {enabled: true}\n";
        let second =
            "volumes:\n  - name: corp-ca\n    secret:\n      secretName: corp-ca\n      defaultMode: 0400\n";
        let values = of(&[first, second]).unwrap();
        assert_eq!(
            values.volumes,
            "- name: corp-ca\n  secret:\n    secretName: corp-ca\n    defaultMode: 0400\n"
        );
        assert_eq!(values.mounts, "- name: a\n  mountPath: /a\n");
        assert_eq!((values.is_distributed, values.user_yaml), (Some(true), None));
    }

    #[test]
    fn what_cannot_stand_beside_ours_is_an_error() {
        for mine in [
            "volumes: [{name: certs}]",
            "volumeMounts: [{name: a, mountPath: /certs}]",
            "extraConfigFiles: {user.yaml: '- a'}",
            "extraConfigFiles: {user.yaml: {a: b}}",
            "a: [",
        ] {
            assert!(of(&[mine]).is_err(), "{mine}");
        }
    }
}
