// Lists the collections of a Milvus that serves TLS.
//
// Fits milvus-sdk-rust 3.0 (read and run in 3.0.3), Rust 1.86 and later.
// In an empty folder, with this file in the place of src/main.rs:
//
//     cargo init --name example
//     cargo add milvus-sdk-rust@3.0.3
//     cargo add tokio --features macros,rt-multi-thread
//
// Run: cargo run --manifest-path FOLDER/Cargo.toml, in the folder that the paths below start from.

use milvus::v2::prelude::*;

#[tokio::main]
async fn main() -> Result<()> {
    let config = ConnectConfig::new()
        .uri("https://localhost:19530")
        // A name in the server's certificate.
        .tls_server_name("localhost")
        // ca.pem, not server.pem, which changes with every renewal and is not accepted here.
        .ca_certificate("certs/ca.pem");
    let client = ClientV2::new(&config).await?;
    let answer = client.list_collections(ListCollectionsRequest::builder().build()?).await?;
    println!("{:?}", answer.collection_names());
    Ok(())
}
