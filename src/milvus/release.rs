//! The names by which clients reach a deployed Milvus from inside.

use serde::{Deserialize, Serialize};

use crate::milvus::kubernetes_name::KubernetesName;
use crate::x509::GeneralName;

/// What runs Milvus in Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Manager {
    Operator,
    Helm,
}

/// A Milvus in Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    pub manager: Manager,
    /// The operator's resource, or Helm's release.
    pub name: KubernetesName,
    pub namespace: KubernetesName,
}

/// The service and the container of Milvus' stock docker-compose.yaml.
const COMPOSE: [&str; 2] = ["standalone", "milvus-standalone"];
/// The container of Milvus' standalone_embed.sh.
const STANDALONE: [&str; 1] = ["milvus-standalone"];
/// What Kubernetes allows for the name of a Service.
const MAX_SERVICE: usize = 63;

/// The names of Milvus beside it in Docker Compose, with Milvus' stock file.
pub(crate) fn compose_server_names() -> Vec<GeneralName> {
    general_names(COMPOSE)
}

/// The name of Milvus in a network of containers, where standalone_embed.sh runs it.
pub(crate) fn standalone_server_names() -> Vec<GeneralName> {
    general_names(STANDALONE)
}

impl Manager {
    /// What the command line calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Helm => "helm",
        }
    }
}

impl Release {
    /// The names that a server certificate has to cover, so that clients in the cluster can use it.
    pub(crate) fn server_names(&self) -> Vec<GeneralName> {
        let services = match self.manager {
            Manager::Operator => vec![self.service()],
            Manager::Helm => vec![self.service(), self.rest_service()],
        };
        let namespace = &self.namespace;
        // From the shortest, for clients in the same namespace, to the full one.
        general_names(services.into_iter().flat_map(|service| {
            let qualified = ["", ".svc", ".svc.cluster.local"];
            let qualified = qualified.map(|domain| format!("{service}.{namespace}{domain}"));
            [service].into_iter().chain(qualified)
        }))
    }

    /// The Service that the manager makes. The chart calls it `milvus.fullname` (milvus-helm's `_helpers.tpl`).
    pub(crate) fn service(&self) -> String {
        match self.manager {
            Manager::Helm if self.name.as_str().contains("milvus") => self.name.to_string(),
            Manager::Helm | Manager::Operator => format!("{}-milvus", self.name),
        }
    }

    /// The Service that this program adds for REST, where Helm's chart makes none.
    pub(crate) fn rest_service(&self) -> String {
        const SUFFIX: &str = "-rest";
        let mut service = self.service();
        service.truncate(MAX_SERVICE - SUFFIX.len());
        service.strip_suffix('-').unwrap_or(&service).to_owned() + SUFFIX
    }
}

fn general_names(names: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<GeneralName> {
    // What Kubernetes and Compose take for a name is a DNS name.
    names.into_iter().filter_map(|name| name.as_ref().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::milvus::kubernetes_name::NameKind;

    fn release(manager: Manager, name: &str) -> Release {
        let name_of = |kind, name| KubernetesName::new(kind, name).unwrap();
        Release {
            manager,
            name: name_of(NameKind::Release, name),
            namespace: name_of(NameKind::Namespace, "db"),
        }
    }

    #[test]
    fn the_charts_service_is_called_as_helm_calls_it() {
        assert_eq!(release(Manager::Helm, "my-release").service(), "my-release-milvus");
        assert_eq!(release(Manager::Helm, "milvus").service(), "milvus");
        assert_eq!(release(Manager::Helm, "prod-milvus2").service(), "prod-milvus2");
    }

    #[test]
    fn the_service_for_rest_is_never_too_long_for_kubernetes() {
        let longest = release(Manager::Helm, &"a".repeat(53));
        assert_eq!(longest.service().len(), 60);
        assert_eq!(longest.rest_service(), format!("{}-milv-rest", "a".repeat(53)));
        assert_eq!(release(Manager::Helm, &format!("{}-milvus", "a".repeat(46))).rest_service().len(), 58);
    }

    #[test]
    fn clients_in_the_cluster_find_every_name_that_dns_gives_a_service() {
        let names = release(Manager::Operator, "my-release").server_names();
        for name in [
            "my-release-milvus",
            "my-release-milvus.db",
            "my-release-milvus.db.svc",
            "my-release-milvus.db.svc.cluster.local",
        ] {
            assert!(names.iter().any(|found| found.to_string() == name), "{name}");
        }
    }
}
