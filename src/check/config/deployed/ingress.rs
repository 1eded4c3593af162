use crate::check::codes::Code;
use crate::check::config::deployed::DeploymentJudge;
use crate::check::config::ingress::Protocol;
use crate::check::config::settings::Mode;
use crate::milvus::keys::Key;

impl DeploymentJudge<'_> {
    /// Whether what stands before Milvus speaks to it as it listens.
    pub(super) fn ingresses(&mut self) {
        let settings = &self.deployment.settings;
        // A misplaced tlsMode is a finding of its own.
        if settings.misplaced(Key::TlsMode).is_some() {
            return;
        }
        let mode = match settings.mode() {
            Mode::OneWay => "1",
            Mode::Mutual => "2",
            Mode::Off => "0",
            Mode::Unset if settings.lacks(Key::TlsMode) => "0",
            Mode::Unset | Mode::Invalid | Mode::Unknown => return,
        };
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
                    self.findings.report_with(Code::IngressWithoutCertificate, place, evidence, |finding| {
                        if ingress.has_proxy_ssl {
                            finding.because(
                                "ingress-nginx uses proxy-ssl-secret for HTTPS alone: to a gRPC backend it shows no client certificate, and Milvus refuses it",
                            );
                        }
                    });
                }
                _ => {}
            }
        }
    }
}
