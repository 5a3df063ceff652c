// Packs and unpacks with didcomm-node: a JSON request per line on stdin, a JSON answer per line on stdout.
"use strict";
const { Message } = require("didcomm-node");

let documents = {}, secrets = {};

// The library wants plain objects of exactly its own members.
const didResolver = { resolve: async (did) => documents[did] || null };
const secretsResolver = {
  get_secret: async (id) => secrets[id] || null,
  find_secrets: async (ids) => ids.filter((id) => secrets[id]),
};

function setup(world) {
  for (const d of world.documents) documents[d.id] = d;
  for (const s of world.secrets) secrets[s.id] = { id: s.id, type: "JsonWebKey2020", privateKeyJwk: s.privateKeyJwk };
  return { version: require("didcomm-node/package.json").version };
}

// packer returns what packs one message of the form.
function packer(form, message) {
  const m = new Message(message);
  if (!form.to) return () => m.pack_signed(form.sign_by, didResolver, secretsResolver);
  const options = { forward: false, protect_sender: !!form.protect };
  const encs = { "A256CBC-HS512": "A256cbcHs512EcdhEsA256kw", XC20P: "Xc20pEcdhEsA256kw", A256GCM: "A256gcmEcdhEsA256kw" };
  if (form.enc) options.enc_alg_anon = encs[form.enc];
  return () => m.pack_encrypted(form.to, form.from || null, form.sign_by || null, didResolver, secretsResolver, options);
}

const unpacker = (packed) => () => Message.unpack(packed, didResolver, secretsResolver, {});

async function bench(r) {
  const once = r.packed ? unpacker(r.packed) : packer(r.form, r.message);
  const began = process.hrtime.bigint();
  for (let i = 0; i < r.n; i++) await once();
  return { seconds: Number(process.hrtime.bigint() - began) / 1e9 };
}

async function answer(r) {
  try {
    switch (r.op) {
      case "setup": return setup(r.world);
      case "pack": return { packed: (await packer(r.form, r.message)())[0] };
      case "bench": return await bench(r);
      default: return { message: (await unpacker(r.packed)())[0].as_value() };
    }
  } catch (e) {
    return { error: String((e && e.message) || e) };
  }
}

let queue = Promise.resolve();
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  queue = queue.then(async () => console.log(JSON.stringify(await answer(JSON.parse(line)))));
});
