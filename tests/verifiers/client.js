// Connects with Node's tls, as the Node SDK, n8n and Attu do. Prints `works`, or why not.
//
// Usage: node client.js PORT NAME CA_PEM [CLIENT_PEM CLIENT_KEY]
const fs = require("fs");
const net = require("net");
const tls = require("tls");

function connect(port, name, ca, certificate, key) {
  const options = { host: "127.0.0.1", port: Number(port), ca: fs.readFileSync(ca) };
  if (certificate) {
    options.cert = fs.readFileSync(certificate);
    options.key = fs.readFileSync(key);
  }
  // A server name must not be an address (RFC 6066 3); what is checked is the name all the same.
  options.servername = net.isIP(name) ? "" : name;
  options.checkServerIdentity = (_, shown) => tls.checkServerIdentity(name, shown);
  // In TLS 1.3 the server judges the client's certificate only after the client's handshake.
  const connection = tls.connect(options, () => connection.write("GET / HTTP/1.0\r\n\r\n"));
  connection.on("data", () => {
    console.log("works");
    process.exit();
  });
  connection.on("error", (refusal) => console.log(refusal.message));
}

try {
  connect(...process.argv.slice(2));
} catch (refusal) {
  console.log(refusal.message);
}
