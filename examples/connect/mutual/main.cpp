// Lists the collections of a Milvus that serves TLS.
//
// Fits milvus-sdk-cpp 2.6.1 to 3.0 (read in 2.6.6 and 3.0.2, not run).
// Build it with the SDK, by CMake: find_package(milvus_sdk CONFIG REQUIRED), and link
// milvus_sdk::milvus_sdk. Run it in the folder that the paths below start from.

#include <cstdlib>
#include <iostream>

#include "milvus/MilvusClientV2.h"

int main() {
    milvus::ConnectParam connection{"https://localhost:19530"};
    // The SDK does not say that it cannot read a file: it then trusts the roots that are built in.
    connection.EnableTls(
        // A name in the server's certificate.
        "localhost",
        "certs/client.pem", "certs/client.key",
        // ca.pem, not server.pem, which changes with every renewal.
        "certs/ca.pem");

    auto client = milvus::MilvusClientV2::Create();
    milvus::ListCollectionsResponse answer;
    auto status = client->Connect(connection);
    if (status.IsOk()) {
        status = client->ListCollections(milvus::ListCollectionsRequest(), answer);
    }
    if (!status.IsOk()) {
        std::cerr << status.Message() << std::endl;
        return 1;
    }
    for (const auto& name : answer.CollectionNames()) {
        std::cout << name << std::endl;
    }
    client->Disconnect();
}
