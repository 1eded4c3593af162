use crate::check::certificates::BundleJudge;
use crate::check::clients::{ALL, CURL, Clients, GO, PYMILVUS, Stopped};
use crate::check::codes::Code;
use crate::store::FileRole;
use crate::x509::{Certificate, GeneralName, covers, texts};

impl BundleJudge<'_> {
    /// Whether clients find the name that they ask for.
    pub(crate) fn names(&mut self, leaf: &Certificate) {
        let role = FileRole::ServerCertificate;
        if !leaf.names().iter().any(is_host) {
            let common_name = leaf.subject().common_name().unwrap_or_default();
            let others = [texts(leaf.names()).as_slice(), &leaf.extensions.unusable_names].concat();
            let evidence = match others.as_slice() {
                [] => format!("has no subjectAltName, only the CommonName {common_name:?}"),
                others => format!("no client matches its subjectAltName: {}", others.join(", ")),
            };
            self.report_name(Code::NoSubjectAltName, role, evidence, common_name.parse().ok());
        }
        let repaired = leaf.names().iter().filter_map(GeneralName::repaired);
        let has_other = leaf.names().iter().any(|name| is_host(name) && name.repaired().is_none());
        for address in repaired.filter(|address| !leaf.names().contains(address)) {
            let evidence = format!("{address} stands in a DNS name");
            let finding = self.report(Code::IpInDnsName, role, evidence);
            if !has_other {
                finding.stops(Stopped::both(ALL_BUT_C_CORE));
            }
        }
        for name in &self.expectations.server_names {
            if !covers(leaf, name) {
                self.name_not_covered(leaf, name);
            }
        }
    }

    /// Without a DNS name in subjectAltName, gRPC's C core and Java fall back to the CommonName, and
    /// curl where there is no subjectAltName at all.
    fn name_not_covered(&mut self, leaf: &Certificate, name: &GeneralName) {
        let is_common_name = leaf.subject().common_name().is_some_and(|common| common == name.to_string());
        let has_dns_name = leaf.names().iter().any(|name| matches!(name, GeneralName::Dns(_)));
        let stopped = match name {
            GeneralName::Dns(_) if is_common_name && leaf.names().is_empty() => return,
            GeneralName::Dns(_) if is_common_name && !has_dns_name => CURL.and(GO),
            GeneralName::Ip(_) if is_common_name && leaf.names().is_empty() => {
                ALL.without(PYMILVUS).without(CURL)
            }
            GeneralName::Ip(_) if leaf.names().iter().any(|own| own.repaired().as_ref() == Some(name)) => {
                ALL_BUT_C_CORE
            }
            _ => ALL,
        };
        let evidence = format!("does not cover {name}; its names: {}", texts(leaf.names()).join(", "));
        self.report_name(Code::NameNotCovered, FileRole::ServerCertificate, evidence, Some(name.clone()))
            .stops(Stopped::both(stopped));
    }
}

/// gRPC's C core takes a DNS name for an address.
const ALL_BUT_C_CORE: Clients = ALL.without(PYMILVUS);

fn is_host(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_))
}
