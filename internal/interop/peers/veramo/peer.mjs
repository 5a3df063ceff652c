// Packs and unpacks with @veramo/did-comm: a JSON request per line on stdin, a JSON answer per line on stdout.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createAgent } from "@veramo/core";
import { DIDComm } from "@veramo/did-comm";
import { AbstractIdentifierProvider, DIDManager, MemoryDIDStore } from "@veramo/did-manager";
import { DIDResolverPlugin } from "@veramo/did-resolver";
import { KeyManager, MemoryKeyStore, MemoryPrivateKeyStore } from "@veramo/key-manager";
import { KeyManagementSystem } from "@veramo/kms-local";

const types = { Ed25519: "Ed25519", X25519: "X25519", secp256k1: "Secp256k1", "P-256": "Secp256r1" };
let agent;

// The library turns the Ed25519 keys that a store gives it into X25519 keys in place, so it gets copies.
class Copies extends MemoryDIDStore {
  async getDID(args) {
    return structuredClone(await super.getDID(args));
  }
}

class NoProvider extends AbstractIdentifierProvider {}

const hex = (text) => Buffer.from(text, "base64url").toString("hex");

async function setup(world) {
  const documents = Object.fromEntries(world.documents.map((d) => [d.id, d]));
  const resolve = async (url) => {
    const didDocument = documents[url.split("#")[0]] || null;
    return { didDocument, didDocumentMetadata: {}, didResolutionMetadata: didDocument ? {} : { error: "notFound" } };
  };
  agent = createAgent({
    plugins: [
      new KeyManager({ store: new MemoryKeyStore(), kms: { local: new KeyManagementSystem(new MemoryPrivateKeyStore()) } }),
      new DIDManager({ store: new Copies(), defaultProvider: "none", providers: { none: new NoProvider() } }),
      new DIDResolverPlugin({ resolver: { resolve } }),
      new DIDComm({ transports: [] }),
    ],
  });
  for (const did of Object.keys(documents)) {
    const keys = world.secrets
      .filter((s) => s.id.startsWith(did + "#") && types[s.privateKeyJwk.crv])
      .map(({ id, privateKeyJwk: jwk }) => ({
        kid: id,
        kms: "local",
        type: types[jwk.crv],
        privateKeyHex: hex(jwk.d) + (jwk.crv === "Ed25519" ? hex(jwk.x) : ""),
      }));
    await agent.didManagerImport({ did, provider: "none", keys, services: [] });
  }
  const about = readFileSync(new URL("node_modules/@veramo/did-comm/package.json", import.meta.url));
  return { version: JSON.parse(about).version };
}

// packer returns what packs one message of the form.
function packer(form, message) {
  if (!form.to) return () => agent.packDIDCommMessage({ packing: "jws", message, keyRef: form.sign_by });
  const options = { enc: form.enc || "A256CBC-HS512" };
  if (form.to.includes("#")) options.recipientKids = [form.to];
  const packing = form.from ? "authcrypt" : "anoncrypt";
  return () => agent.packDIDCommMessage({ packing, message, keyRef: form.from, options });
}

const unpacker = (packed) => () => agent.unpackDIDCommMessage({ message: packed });

async function bench(r) {
  const once = r.packed ? unpacker(r.packed) : packer(r.form, r.message);
  const began = process.hrtime.bigint();
  for (let i = 0; i < r.n; i++) await once();
  return { seconds: Number(process.hrtime.bigint() - began) / 1e9 };
}

async function answer(r) {
  try {
    switch (r.op) {
      case "setup": return await setup(r.world);
      case "pack": return { packed: (await packer(r.form, r.message)()).message };
      case "bench": return await bench(r);
      default: return { message: (await unpacker(r.packed)()).message };
    }
  } catch (e) {
    return { error: String((e && e.message) || e) };
  }
}

let queue = Promise.resolve();
createInterface({ input: process.stdin }).on("line", (line) => {
  queue = queue.then(async () => console.log(JSON.stringify(await answer(JSON.parse(line)))));
});
