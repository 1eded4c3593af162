import io.milvus.v2.client.ConnectConfig;
import io.milvus.v2.client.MilvusClientV2;

/** Lists the collections of the Milvus at the address that it is given. It is told nothing else. */
final class App {
    public static void main(String[] arguments) throws InterruptedException {
        ConnectConfig config = ConnectConfig.builder().uri(arguments[0]).connectTimeoutMs(10_000).build();
        MilvusClientV2 client = new MilvusClientV2(config);
        try {
            System.out.println(client.listCollections().getCollectionNames());
        } finally {
            client.close(3);
        }
    }

    private App() {}
}
