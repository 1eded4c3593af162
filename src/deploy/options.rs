//! What `config` is told about a deployment, and what it was told the last time.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use crate::base::text::shell_quoted;
use crate::deploy::kubernetes::ChartVersion;
use crate::deploy::secret::SecretKind;
use crate::deploy::settings::MountPath;
use crate::milvus::{ClientTls, KubernetesName, Manager, NameKind};
use crate::x509::GeneralName;

/// What was said. What nobody said is as it was the last time, or else as on the documentation page.
///
/// The names are those of the options.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub(crate) struct ConfigOptions {
    /// The certificate directory.
    pub dir: Option<PathBuf>,
    pub tls_mode: Option<ClientTls>,
    /// Whether Milvus' own components use TLS between each other.
    pub internal: Option<bool>,
    /// The name that they ask each other for; without one, a name of server.pem.
    #[serde(serialize_with = "write_text", deserialize_with = "read_text")]
    pub sni: Option<GeneralName>,
    pub rest_port: Option<u16>,
    /// Where the certificates are in the container.
    pub mount_path: Option<MountPath>,
    /// The service of a Compose file that runs Milvus; without one, those that do by their image.
    pub service: Option<String>,
    /// As whom Milvus runs in its container, as this machine numbers users.
    pub container_user: Option<u32>,
    /// Whether SELinux is to let the container read what is mounted.
    pub selinux: Option<bool>,
    #[serde(deserialize_with = "release")]
    pub release: Option<KubernetesName>,
    #[serde(deserialize_with = "namespace")]
    pub namespace: Option<KubernetesName>,
    #[serde(deserialize_with = "secret")]
    pub secret_name: Option<KubernetesName>,
    /// Whether each component runs by itself, or all in one.
    pub cluster: Option<bool>,
    /// Values files that Helm is given before ours.
    pub values: Option<Vec<PathBuf>>,
    /// The version of the chart.
    pub chart_version: Option<ChartVersion>,
    /// How the Secret names its files.
    #[serde(rename = "type")]
    pub secret_kind: Option<SecretKind>,
    /// What runs a Milvus that cert-manager has certificates for.
    #[serde(rename = "for")]
    pub manager: Option<Manager>,
}

impl ConfigOptions {
    /// These, and those of the last time where nothing is said.
    pub(super) fn or(&self, last: &Self) -> Self {
        let mut all = last.said();
        all.extend(self.said());
        serde_json::from_value(Value::Object(all)).unwrap_or_else(|_| self.clone())
    }

    /// What is said and is not as it was the last time, as a person reads it.
    pub(super) fn differences(&self, last: &Self) -> Vec<String> {
        let (said, last) = (self.said(), last.said());
        let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // Certificates elsewhere are no other settings, nor is who may read the key.
        let is_setting = |option: &str| !["dir", "container-user"].contains(&option);
        let changed =
            said.iter().filter(|(option, value)| is_setting(option) && last.get(*option) != Some(value));
        changed
            .map(|(option, value)| match last.get(option) {
                Some(before) => format!("--{option} {} instead of {}", shown(value), shown(before)),
                None => format!("--{option} {}", shown(value)),
            })
            .collect()
    }

    /// As they are typed, each after a space.
    pub(super) fn typed(&self) -> String {
        let quoted =
            |value: &Value| shell_quoted(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let mut said = self.said();
        let directory = said.remove("dir").map(|directory| format!(" -d {}", quoted(&directory)));
        let options = said.into_iter().flat_map(|(option, said)| match (option.as_str(), said) {
            ("cluster", Value::Bool(false)) => vec![" --standalone".to_owned()],
            (_, Value::Bool(true)) => vec![format!(" --{option}")],
            (_, Value::Bool(false)) => vec![format!(" --{option}=false")],
            (_, Value::Array(each)) => {
                each.iter().map(|each| format!(" --{option} {}", quoted(each))).collect()
            }
            (_, said) => vec![format!(" --{option} {}", quoted(&said))],
        });
        directory.into_iter().chain(options).collect()
    }

    pub(super) fn said(&self) -> Map<String, Value> {
        let mut options = match serde_json::to_value(self) {
            Ok(Value::Object(options)) => options,
            // A path that is no text cannot be written down.
            _ => Map::new(),
        };
        options.retain(|_, value| !value.is_null());
        options
    }
}

/// As people write it.
fn write_text<S: Serializer>(value: &Option<impl Display>, serializer: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ToString::to_string).serialize(serializer)
}

fn read_text<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(de::Error::custom)).transpose()
}

fn release<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<KubernetesName>, D::Error> {
    name(NameKind::Release, deserializer)
}

fn namespace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<KubernetesName>, D::Error> {
    name(NameKind::Namespace, deserializer)
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<KubernetesName>, D::Error> {
    name(NameKind::Secret, deserializer)
}

fn name<'de, D: Deserializer<'de>>(
    kind: NameKind,
    deserializer: D,
) -> Result<Option<KubernetesName>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| KubernetesName::new(kind, &text).map_err(de::Error::custom)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(json: &str) -> ConfigOptions {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_nobody_says_is_as_it_was() {
        let last = options(r#"{"dir":"certs","tls-mode":2,"internal":true,"sni":"milvus","rest-port":9443}"#);
        assert_eq!(ConfigOptions::default().or(&last), last);
        let said = options(r#"{"tls-mode":1}"#);
        assert_eq!(said.or(&last), ConfigOptions { tls_mode: said.tls_mode, ..last.clone() });
        assert_eq!(said.differences(&last), ["--tls-mode 1 instead of 2"]);
        assert!(last.differences(&last).is_empty());
    }

    #[test]
    fn they_are_typed_as_they_were_said() {
        let said = options(
            r#"{"dir":"my certs","tls-mode":2,"internal":true,"cluster":false,"values":["a.yaml","b.yaml"]}"#,
        );
        let typed = " -d 'my certs' --standalone --internal --tls-mode 2 --values a.yaml --values b.yaml";
        assert_eq!(said.typed(), typed);
        assert_eq!(options(r#"{"internal":false}"#).typed(), " --internal=false");
    }

    #[test]
    fn what_could_not_be_said_is_not_believed() {
        for json in [
            r#"{"mount-path":"milvus"}"#,
            r#"{"release":"A"}"#,
            r#"{"sni":"a b"}"#,
            r#"{"tls-mode":3}"#,
            r#"{"out":"x"}"#,
        ] {
            assert!(serde_json::from_str::<ConfigOptions>(json).is_err(), "{json}");
        }
    }
}
