// Lists the collections of a Milvus that serves TLS.
//
// Fits milvus-sdk-java 2.4 to 3.0 (io.milvus:milvus-sdk-java, the V2 client), Java 8 and later.
// Run, in the folder that the paths below start from: jbang ConnectMilvus.java
// jbang reads the next two lines. In a Maven or Gradle project the same goes into its dependencies: the
// SDK logs with SLF4J, and from 2.5 on it does not bring it.
//DEPS io.milvus:milvus-sdk-java:2.6.22
//DEPS org.slf4j:slf4j-simple:1.7.36

import io.milvus.v2.client.ConnectConfig;
import io.milvus.v2.client.MilvusClientV2;

public class ConnectMilvus {
    public static void main(String[] args) throws InterruptedException {
        ConnectConfig config = ConnectConfig.builder()
                .uri("https://localhost:19530")
                // A name in the server's certificate. It must always be set.
                .serverName("localhost")
                // All three are needed, and no serverPemPath: it wins over them, and the client's
                // certificate is then left out without a word. The key must be in PKCS#8
                // (BEGIN PRIVATE KEY).
                .clientPemPath("certs/client.pem")
                .clientKeyPath("certs/client.key")
                .caPemPath("certs/ca.pem")
                .build();
        MilvusClientV2 client = new MilvusClientV2(config);
        try {
            System.out.println(client.listCollections().getCollectionNames());
        } finally {
            client.close(3);
        }
    }
}
