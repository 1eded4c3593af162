//! Makes a certificate directory, then renews its server certificate with one more name:
//! `cargo run --example make_and_renew -- DIRECTORY`.

use milvus_certs::EndEntityKind;
use milvus_certs::{GenerateRequest, RenewRequest, Report, generate, renew};
use time::OffsetDateTime;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args().nth(1).unwrap_or_else(|| "certs".into());
    #[expect(clippy::disallowed_methods, reason = "a program may read the clock; the library does not")]
    let now = OffsetDateTime::now_utc();

    show(&generate(&GenerateRequest::new(&directory), now)?);

    let mut request = RenewRequest::new(&directory);
    request.kinds = vec![EndEntityKind::Server];
    request.names = vec!["milvus.example.com".parse()?];
    show(&renew(&request, now)?);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example shows what it did")]
fn show(report: &Report) {
    for certificate in &report.certificates {
        let names: Vec<_> = certificate.names.iter().map(ToString::to_string).collect();
        let until = certificate.validity.not_after;
        println!("{}: {} until {until}", certificate.path.display(), names.join(", "));
    }
}
