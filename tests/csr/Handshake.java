import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.KeyStore;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * Lets a server and a client talk mutual TLS, each with a PKCS#12 keystore of its own:
 * {@code java Handshake.java SERVER.p12 CLIENT.p12 TRUSTED.p12 SERVER_NAME PASSWORD}.
 */
public class Handshake {
    public static void main(String[] arguments) throws Exception {
        char[] password = arguments[4].toCharArray();
        KeyStore trusted = load(arguments[2], password);
        for (String version : new String[] {"TLSv1.2", "TLSv1.3"}) {
            SSLContext server = context(load(arguments[0], password), trusted, password);
            SSLContext client = context(load(arguments[1], password), trusted, password);
            talk(server, client, arguments[3], version);
        }
    }

    private static KeyStore load(String path, char[] password) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = new FileInputStream(path)) {
            store.load(file, password);
        }
        return store;
    }

    private static SSLContext context(KeyStore own, KeyStore trusted, char[] password) throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(own, password);
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static void talk(SSLContext server, SSLContext client, String name, String version) throws Exception {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (SSLServerSocket listener = (SSLServerSocket) server.getServerSocketFactory().createServerSocket(0, 1, loopback)) {
            listener.setNeedClientAuth(true);
            listener.setEnabledProtocols(new String[] {version});
            listener.setSoTimeout(20_000);
            CompletableFuture<Void> served = CompletableFuture.runAsync(() -> serve(listener));
            Socket plain = new Socket(loopback, listener.getLocalPort());
            plain.setSoTimeout(20_000);
            try (SSLSocket socket = (SSLSocket) client.getSocketFactory().createSocket(plain, name, listener.getLocalPort(), true)) {
                SSLParameters parameters = socket.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                socket.setSSLParameters(parameters);
                // In TLS 1.3 a client learns that it was refused when it reads.
                if (socket.getInputStream().read() != 1) {
                    throw new IOException(version + ": the server closed the connection");
                }
            } catch (IOException refused) {
                served.exceptionally(error -> {
                    refused.addSuppressed(error);
                    return null;
                }).join();
                throw refused;
            }
            served.get();
        }
    }

    private static void serve(SSLServerSocket listener) {
        try (SSLSocket socket = (SSLSocket) listener.accept()) {
            socket.getOutputStream().write(1);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
