//! Lists the collections of the Milvus at an address, and is told no more.

use milvus::v2::prelude::*;

#[tokio::main]
async fn main() -> Result<()> {
    let uri = std::env::args().nth(1).expect("an address");
    let client = ClientV2::new(&ConnectConfig::new().uri(&uri)).await?;
    let answer = client.list_collections(ListCollectionsRequest::builder().build()?).await?;
    println!("{:?}", answer.collection_names());
    Ok(())
}
