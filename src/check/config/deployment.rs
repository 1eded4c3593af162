//! What is known of one Milvus, or of one component of it, whatever deploys it.

use crate::base::place::Place;
use crate::base::shown::shown;
use crate::check::config::ingress::Ingress;
use crate::check::config::mounts::Mounts;
use crate::check::config::settings::Settings;

/// A Milvus to be judged.
pub(crate) struct Deployment {
    pub(crate) settings: Settings,
    /// What its container has where; none where nothing is known but the settings: Milvus may then
    /// run on this machine.
    pub(crate) mounts: Option<Mounts>,
    /// The Compose service without a configuration file, though nothing about it is unknown, and where that would be
    /// mounted.
    pub(crate) unmounted: Option<(String, Place)>,
    /// Whether clients connect to it: it is a proxy, or everything in one.
    pub(crate) serves_clients: bool,
    /// As whom it runs, if that is known.
    pub(crate) user: Option<u32>,
    pub(crate) rest: Publication,
    /// What stands before it.
    pub(crate) ingresses: Vec<Ingress>,
}

impl Deployment {
    /// Of which nothing is known but the settings.
    pub(crate) fn of(settings: Settings) -> Self {
        Self {
            settings,
            mounts: None,
            unmounted: None,
            serves_clients: true,
            user: None,
            rest: Publication::Unknown,
            ingresses: Vec::new(),
        }
    }
}

/// How the REST port is reached from outside.
pub(crate) enum Publication {
    /// By something that is not known here.
    Unknown,
    /// Through published ports of the container.
    Ports {
        /// Those in the container, first and last.
        published: Vec<(u16, u16)>,
        /// Some of the ports cannot be told.
        is_partial: bool,
        place: Place,
    },
    /// Through the operator's Service.
    ServiceRestfulPort {
        /// `proxy` or `standalone`.
        component: &'static str,
        port: Option<String>,
        /// Where the port is written, or would be.
        place: Place,
    },
}

impl Publication {
    /// Why a REST port cannot be reached from outside, though the gRPC port can, and where that is
    /// written.
    pub(crate) fn lacks(&self, rest: u16, grpc: u16) -> Option<(Place, String)> {
        match self {
            Self::Unknown => None,
            Self::Ports { published, is_partial, place } => {
                let has = |port: u16| published.iter().any(|(first, last)| (*first..=*last).contains(&port));
                let lacks = !is_partial && has(grpc) && !has(rest);
                lacks.then(|| (place.clone(), format!("{grpc} is published, proxy.http.port {rest} is not")))
            }
            Self::ServiceRestfulPort { port: Some(port), .. } if *port == rest.to_string() => None,
            Self::ServiceRestfulPort { component, port, place } => {
                let found = match port {
                    Some(port) => format!("serviceRestfulPort is {}", shown(port)),
                    None => format!("spec.components.{component}.serviceRestfulPort is not set"),
                };
                Some((place.clone(), format!("{found}, proxy.http.port is {rest}")))
            }
        }
    }
}
