// Lists the collections of a Milvus that serves TLS.
//
// Fits @zilliz/milvus2-sdk-node 2.3 to 3.0, Node.js 18 and later.
// Install: npm install @zilliz/milvus2-sdk-node
// Run:     node node.mjs, in the folder that the paths below start from.

import { MilvusClient } from "@zilliz/milvus2-sdk-node";

//% if user
const password = process.env.MILVUS_PASSWORD;
if (!password) {
  throw new Error("set MILVUS_PASSWORD to the password of {{ user }}");
}
//% endif
const client = new MilvusClient({
  address: "{{ uri }}",
  //% if user
  username: "{{ user }}",
  password,
  //% endif
  tls: {
    // ca.pem, not server.pem, which changes with every renewal.
    rootCertPath: "{{ ca_pem }}",
    // A name in the server's certificate.
    serverName: "{{ server_name }}",
    //% if mutual
    // These two make the client show a certificate of its own.
    certChainPath: "{{ client_pem }}",
    privateKeyPath: "{{ client_key }}",
    //% endif
  },
});
try {
  await client.connectPromise;
  const answer = await client.listCollections();
  if (answer.status.error_code !== "Success") {
    throw new Error(answer.status.reason);
  }
  console.log(answer.data.map((collection) => collection.name));
} finally {
  await client.closeConnection();
}
