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
        //% if user
        String password = System.getenv("MILVUS_PASSWORD");
        if (password == null && System.console() == null) {
            throw new IllegalStateException("set MILVUS_PASSWORD: there is no terminal to ask at");
        }
        if (password == null) {
            password = new String(System.console().readPassword("Password: "));
        }
        //% endif
        ConnectConfig config = ConnectConfig.builder()
                .uri("{{ uri }}")
                //% if user
                .token("{{ user }}:" + password)
                //% endif
                // A name in the server's certificate. It must always be set.
                .serverName("{{ server_name }}")
                //% if mutual
                // All three are needed, and no serverPemPath: it wins over them, and the client's
                // certificate is then left out without a word. The key must be in PKCS#8
                // (BEGIN PRIVATE KEY).
                .clientPemPath("{{ client_pem }}")
                .clientKeyPath("{{ client_key }}")
                .caPemPath("{{ ca_pem }}")
                //% else
                // This is ca.pem, whatever the method is called: server.pem changes with every renewal.
                .serverPemPath("{{ ca_pem }}")
                //% endif
                .build();
        MilvusClientV2 client = new MilvusClientV2(config);
        try {
            System.out.println(client.listCollections().getCollectionNames());
        } finally {
            client.close(3);
        }
    }
}
