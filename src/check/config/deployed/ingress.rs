use crate::check::codes::Code;
use crate::check::config::deployed::DeploymentJudge;
use crate::check::config::ingress::Protocol;
use crate::check::config::settings::Mode;
use crate::check::finding::Finding;
use crate::milvus::keys::Key;

impl DeploymentJudge<'_> {
    /// Whether what stands before Milvus speaks to it as it listens.
    pub(super) fn ingresses(&mut self) {
        let settings = &self.deployment.settings;
        let is_off = settings.mode() == Mode::Off || settings.lacks(Key::TlsMode);
        let mode = match settings.mode() {
            Mode::OneWay => "1",
            Mode::Mutual => "2",
            Mode::Off | Mode::Unset if is_off => "0",
            Mode::Off | Mode::Unset | Mode::Invalid | Mode::Unknown => return,
        };
        // Then that is why.
        if settings.misplaced(Key::TlsMode).is_some() {
            return;
        }
        for ingress in &self.deployment.ingresses {
            let evidence = format!("{}, and {} is {mode}", ingress.described, Key::TlsMode.name());
            let place = ingress.place.clone();
            match (ingress.protocol, settings.mode()) {
                (Protocol::Plaintext, Mode::OneWay | Mode::Mutual) => {
                    self.findings.report(Code::IngressInPlaintext, place, evidence);
                }
                (Protocol::Tls, Mode::Off | Mode::Unset) => {
                    self.findings.report(Code::IngressToPlaintext, place, evidence);
                }
                (Protocol::Tls, Mode::Mutual) if !ingress.has_certificate => {
                    let mut finding = Finding::new(
                        Code::IngressWithoutCertificate,
                        place,
                        evidence,
                        self.findings.context(),
                    );
                    if ingress.has_proxy_ssl {
                        finding.because(
                            "ingress-nginx uses proxy-ssl-secret for HTTPS alone: to a gRPC backend it shows no client certificate, and Milvus refuses it",
                        );
                    }
                    self.findings.add(finding);
                }
                _ => {}
            }
        }
    }
}
