//! What stands before Milvus in Kubernetes and ends its clients' TLS: an Ingress of ingress-nginx.
//!
//! Other controllers read other annotations: nothing is said of them.
//!
//! Measured with nginx 1.22, pymilvus 3.0.2 and Milvus 2.3.5, where nginx ends TLS: `grpc_pass grpc://` works with
//! tlsMode 0 alone, `grpcs://` with 1 alone; with 2 it takes `grpc_ssl_certificate` and `grpc_ssl_protocols TLSv1.3`.
//! proxy-ssl-secret gives neither: ingress-nginx writes `proxy_ssl_*` of it, which `grpc_pass` does not read (its
//! rootfs/etc/nginx/template/nginx.tmpl).

use crate::base::place::Place;
use crate::check::config::values::Values;
use crate::milvus::container::GRPC_PORT;
use crate::yaml::{Entry, Node};

/// What begins the annotations that ingress-nginx reads.
const PREFIX: &str = "nginx.ingress.kubernetes.io/";

/// An Ingress that leads to Milvus.
#[derive(Clone)]
pub(crate) struct Ingress {
    /// Where it says how it speaks to Milvus, or would say it.
    pub(crate) place: Place,
    pub(crate) protocol: Protocol,
    /// As evidence: what the protocol is, and who says so.
    pub(crate) described: String,
    /// Annotations of ingress-nginx' own proxy-ssl, which do nothing for gRPC.
    pub(crate) has_proxy_ssl: bool,
    /// A snippet gives it a client certificate.
    pub(crate) has_certificate: bool,
}

/// How an Ingress speaks to what is behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Plaintext,
    Tls,
}

/// The annotations of an Ingress, and where each is.
struct Annotations<'a> {
    entries: Vec<Entry<'a>>,
}

impl<'a> Annotations<'a> {
    fn get(&self, name: &str) -> Option<Node<'a>> {
        let entry = self.entries.iter().find(|entry| entry.name().strip_prefix(PREFIX) == Some(name));
        entry.map(|entry| entry.value).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> &'a str {
        self.get(name).and_then(Node::as_str).unwrap_or_default()
    }

    fn has_own(&self) -> bool {
        self.entries.iter().any(|entry| entry.name().starts_with(PREFIX))
    }

    /// The class of 2020 and before.
    fn class(&self) -> Option<&'a str> {
        let entry = self.entries.iter().find(|entry| entry.name() == "kubernetes.io/ingress.class")?;
        entry.value.as_str()
    }
}

impl Ingress {
    /// Reads the `ingress` of the chart's values.
    pub(crate) fn of_helm(values: &Values<'_>) -> Option<Self> {
        let ingress = values.get("ingress")?;
        let text = |key| ingress.at(&[key]).and_then(Node::as_go_string);
        if text("enabled").as_deref() != Some("true") {
            return None;
        }
        let entries = ingress.get("annotations").map(|found| found.entries()).unwrap_or_default();
        let annotations = Annotations { entries };
        let class = ingress.at(&["ingressClassName"]).and_then(Node::as_str);
        let place = ingress.node()?.place();
        // The chart's values.yaml annotates its Ingress so, and Helm merges annotations into that.
        let is_said = annotations.entries.iter().any(|entry| entry.name().ends_with("/backend-protocol"));
        let default = (!is_said).then_some("GRPC, the chart's default");
        Self::new(&annotations, class, default, place)
    }

    /// Reads a resource of kind Ingress, if it leads to Milvus.
    pub(crate) fn of_resource(document: Node<'_>) -> Option<Self> {
        let rules = document.at(&["spec", "rules"]).into_iter().flat_map(Node::items);
        let paths = rules.filter_map(|rule| rule.at(&["http", "paths"])).flat_map(Node::items);
        let backends = paths
            .filter_map(|path| path.get("backend"))
            .chain(["defaultBackend", "backend"].into_iter().filter_map(|key| document.at(&["spec", key])));
        backends.into_iter().find(|backend| leads_to_milvus(*backend))?;
        let annotations = document.at(&["metadata", "annotations"]);
        let annotations = Annotations { entries: annotations.map(Node::entries).unwrap_or_default() };
        let class = document.at(&["spec", "ingressClassName"]).and_then(Node::as_str);
        let is_nginx = class.or(annotations.class()).is_some_and(|class| class.contains("nginx"));
        let default = (is_nginx || annotations.has_own()).then_some("HTTP, the default");
        Self::new(&annotations, class, default, document.place())
    }

    fn new(
        annotations: &Annotations<'_>,
        class: Option<&str>,
        default: Option<&str>,
        place: Place,
    ) -> Option<Self> {
        let class = class.filter(|class| !class.is_empty()).or(annotations.class());
        if class.is_some_and(|class| !class.contains("nginx"))
            || annotations.text("ssl-passthrough") == "true"
        {
            return None;
        }
        let (protocol, place) = match annotations.get("backend-protocol") {
            Some(value) => (value.as_str()?.to_owned(), value.place()),
            None => (default?.to_owned(), place),
        };
        let name = protocol.split(',').next().unwrap_or_default().to_ascii_uppercase();
        let snippets = ["configuration-snippet", "server-snippet"].map(|name| annotations.text(name));
        Some(Self {
            place,
            protocol: match name.as_str() {
                "GRPC" | "HTTP" => Protocol::Plaintext,
                "GRPCS" | "HTTPS" => Protocol::Tls,
                _ => return None,
            },
            described: format!("backend-protocol is {protocol}"),
            has_proxy_ssl: annotations.get("proxy-ssl-secret").is_some(),
            has_certificate: snippets.into_iter().any(|snippet| snippet.contains("grpc_ssl_certificate")),
        })
    }
}

/// By the port of gRPC, which nothing else has, or by the name that the chart gives it.
fn leads_to_milvus(backend: Node<'_>) -> bool {
    let port = backend.at(&["service", "port", "number"]).or(backend.get("servicePort"));
    let name = backend.at(&["service", "port", "name"]).or(backend.get("servicePort"));
    port.and_then(Node::as_go_string).is_some_and(|port| *port == GRPC_PORT.to_string())
        || name.and_then(Node::as_str) == Some("milvus")
}
