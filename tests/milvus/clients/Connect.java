import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * Connects to Milvus' gRPC port over TLS with what grpc-netty takes from the JDK, and reads PEM as
 * Netty does: keys in PKCS#8 only.
 *
 * <p>Reads requests, PORT NAME CA_PEM [CLIENT_PEM CLIENT_KEY] with tabs between, each in a line, and
 * answers each in a line: `works` where the server spoke HTTP/2, or the reason why not. A Java that
 * has been started once is much faster than one for each request.
 */
final class Connect {
    private static final int TIMEOUT_MS = 5000;

    /** The client's preface with an empty SETTINGS frame: RFC 9113 3.4 and 6.5. */
    private static final byte[] PREFACE =
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0".getBytes(StandardCharsets.US_ASCII);

    /** Of netty/handler/src/main/java/io/netty/handler/ssl/PemReader.java, version 4.1. */
    private static final Pattern CERTIFICATE = pem("CERTIFICATE");
    private static final Pattern KEY = pem("PRIVATE\\s+KEY");

    private static final String[] KEY_TYPES = {"RSA", "EC", "EdDSA", "RSASSA-PSS"};

    public static void main(String[] arguments) throws IOException {
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String request = requests.readLine(); request != null; request = requests.readLine()) {
            String[] parts = request.split("\t");
            System.out.println(answer(Integer.parseInt(parts[0]), parts[1], List.of(parts).subList(2, parts.length)));
        }
    }

    private static String answer(int port, String name, List<String> files) {
        try {
            connect(port, name, files);
            return "works";
        } catch (IOException | GeneralSecurityException | IllegalArgumentException refusal) {
            return refusal.toString().replaceAll("\\s+", " ");
        }
    }

    private static Pattern pem(String label) {
        return Pattern.compile(
            "-+BEGIN\\s+[^-\\r\\n]*" + label + "[^-\\r\\n]*-+(?:\\s|\\r|\\n)+"
                + "([a-z0-9+/=\\r\\n]+)-+END\\s+[^-\\r\\n]*" + label + "[^-\\r\\n]*-+",
            Pattern.CASE_INSENSITIVE);
    }

    private static void connect(int port, String name, List<String> files)
            throws IOException, GeneralSecurityException {
        SSLContext context = context(files);
        try (Socket plain = new Socket()) {
            plain.connect(new InetSocketAddress("127.0.0.1", port), TIMEOUT_MS);
            plain.setSoTimeout(TIMEOUT_MS);
            try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(plain, name, port, true)) {
                SSLParameters parameters = socket.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                parameters.setApplicationProtocols(new String[] {"h2"});
                socket.setSSLParameters(parameters);
                speak(socket);
            }
        }
    }

    private static SSLContext context(List<String> files) throws IOException, GeneralSecurityException {
        KeyStore trusted = emptyStore();
        int count = 0;
        for (Certificate certificate : certificates(files.get(0))) {
            trusted.setCertificateEntry("ca" + count++, certificate);
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        KeyManagerFactory keys = null;
        if (files.size() == 3) {
            KeyStore own = emptyStore();
            Certificate[] chain = certificates(files.get(1)).toArray(new Certificate[0]);
            own.setKeyEntry("client", privateKey(files.get(2)), new char[0], chain);
            keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(own, new char[0]);
        }
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys == null ? null : keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static KeyStore emptyStore() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static List<Certificate> certificates(String file) throws IOException, GeneralSecurityException {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        List<Certificate> found = new ArrayList<>();
        for (byte[] der : blocks(file, CERTIFICATE)) {
            found.add(factory.generateCertificate(new ByteArrayInputStream(der)));
        }
        return found;
    }

    private static PrivateKey privateKey(String file) throws IOException, GeneralSecurityException {
        PKCS8EncodedKeySpec encoded = new PKCS8EncodedKeySpec(blocks(file, KEY).get(0));
        for (String type : KEY_TYPES) {
            try {
                return KeyFactory.getInstance(type).generatePrivate(encoded);
            } catch (InvalidKeySpecException another) {
                // It may be of the next type.
            }
        }
        throw new InvalidKeySpecException(file + " holds no key in PKCS#8");
    }

    private static List<byte[]> blocks(String file, Pattern pattern) throws IOException {
        Matcher matcher = pattern.matcher(Files.readString(Path.of(file), StandardCharsets.ISO_8859_1));
        List<byte[]> found = new ArrayList<>();
        while (matcher.find()) {
            found.add(Base64.getMimeDecoder().decode(matcher.group(1)));
        }
        if (found.isEmpty()) {
            throw new IOException("nothing of the kind was found in " + file);
        }
        return found;
    }

    /** In TLS 1.3 the server judges the client's certificate only after the client's handshake. */
    private static void speak(SSLSocket socket) throws IOException {
        socket.getOutputStream().write(PREFACE);
        byte[] frame = new byte[9];
        new DataInputStream(socket.getInputStream()).readFully(frame);
        if (frame[3] != 4) {
            throw new IOException("the server did not begin with SETTINGS");
        }
    }

    private Connect() {}
}
