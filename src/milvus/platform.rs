//! The names by which clients reach a deployed Milvus from inside.

use crate::milvus::KubernetesName;
use crate::x509::GeneralName;

/// What runs Milvus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Docker Compose, with the names of Milvus' stock file.
    Compose,
    /// The Milvus operator.
    Operator(Release),
    /// The Helm chart.
    Helm(Release),
}

/// A Milvus in Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The operator's resource, or Helm's release.
    pub name: KubernetesName,
    /// Where it is.
    pub namespace: KubernetesName,
}

/// The service and the container of Milvus' stock docker-compose.yaml.
const COMPOSE: [&str; 2] = ["standalone", "milvus-standalone"];
/// What Kubernetes allows for the name of a Service.
const MAX_SERVICE: usize = 63;

impl Platform {
    /// The names that a server certificate has to cover, so that clients inside can use it.
    #[must_use]
    pub fn server_names(&self) -> Vec<GeneralName> {
        let names = match self {
            Self::Compose => COMPOSE.map(str::to_owned).to_vec(),
            Self::Operator(release) => release.names_of(&release.operator_service()),
            Self::Helm(release) => [release.helm_service(), release.helm_rest_service()]
                .iter()
                .flat_map(|service| release.names_of(service))
                .collect(),
        };
        // What Kubernetes and Compose take for a name is a DNS name.
        names.iter().filter_map(|name| name.parse().ok()).collect()
    }
}

impl Release {
    /// The operator names its Service after its resource.
    pub(crate) fn operator_service(&self) -> String {
        format!("{}-milvus", self.name)
    }

    /// The chart's `milvus.fullname`, without its overrides (milvus-helm's `_helpers.tpl`).
    pub(crate) fn helm_service(&self) -> String {
        let name = self.name.as_str();
        cut(&if name.contains("milvus") { name.to_owned() } else { format!("{name}-milvus") }, MAX_SERVICE)
    }

    /// The Service that this program adds for REST.
    pub(crate) fn helm_rest_service(&self) -> String {
        const SUFFIX: &str = "-rest";
        cut(&self.helm_service(), MAX_SERVICE - SUFFIX.len()) + SUFFIX
    }

    /// From the shortest, for clients in the same namespace, to the full one.
    fn names_of(&self, service: &str) -> Vec<String> {
        let namespace = &self.namespace;
        vec![
            service.to_owned(),
            format!("{service}.{namespace}"),
            format!("{service}.{namespace}.svc"),
            format!("{service}.{namespace}.svc.cluster.local"),
        ]
    }
}

/// As Helm's `trunc` and `trimSuffix "-"`.
fn cut(name: &str, length: usize) -> String {
    let name = &name[..name.len().min(length)];
    name.strip_suffix('-').unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::milvus::NameKind;

    fn release(name: &str) -> Release {
        let name_of = |kind, name| KubernetesName::new(kind, name).unwrap();
        Release { name: name_of(NameKind::Release, name), namespace: name_of(NameKind::Namespace, "db") }
    }

    #[test]
    fn the_charts_service_is_called_as_helm_calls_it() {
        assert_eq!(release("my-release").helm_service(), "my-release-milvus");
        assert_eq!(release("milvus").helm_service(), "milvus");
        assert_eq!(release("prod-milvus2").helm_service(), "prod-milvus2");
    }

    #[test]
    fn the_service_for_rest_is_never_too_long_for_kubernetes() {
        let longest = release(&"a".repeat(53));
        assert_eq!(longest.helm_service().len(), 60);
        assert_eq!(longest.helm_rest_service(), format!("{}-milv-rest", "a".repeat(53)));
        assert_eq!(release(&format!("{}-milvus", "a".repeat(46))).helm_rest_service().len(), 58);
    }

    #[test]
    fn clients_in_the_cluster_find_every_name_that_dns_gives_a_service() {
        let names = Platform::Operator(release("my-release")).server_names();
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
