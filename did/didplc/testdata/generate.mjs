// Writes logs.json with the reference implementation of did:plc, npm @did-plc/lib 0.0.4 and @atproto/crypto 0.4.5:
//   npm install @did-plc/lib@0.0.4 @atproto/crypto@0.4.5 && node generate.mjs > logs.json
// Each case is a log as a directory would serve it, and the document that the library makes of its last operation.
import lib from '@did-plc/lib'
import crypto from '@atproto/crypto'
import common from '@atproto/common'

const { P256Keypair, Secp256k1Keypair } = crypto
const start = Date.parse('2026-01-05T08:00:00.000Z')
const hours = (n) => new Date(start + n * 3600000).toISOString()

const top = await P256Keypair.create()
const low = await Secp256k1Keypair.create()
const next = await P256Keypair.create()
const repo = await Secp256k1Keypair.create()
const talk = await P256Keypair.create()

// play runs the operations through the library's own rules and returns the audit log.
async function play(name, steps) {
  const first = await steps[0].op([])
  const did = await lib.didForCreateOp(first)
  const indexed = []
  const all = []
  for (const [i, step] of steps.entries()) {
    const op = i === 0 ? first : await step.op(all)
    const valid = indexed.filter((o) => !o.nullified)
    // The library compares with the time now, so the recovery window is not under test here.
    const { nullified } = await lib.assureValidNextOp(did, valid.map((o) => ({ ...o, createdAt: new Date() })), op)
    for (const o of indexed) {
      if (nullified.some((c) => c.equals(o.cid))) o.nullified = true
    }
    indexed.push({ did, operation: op, cid: await common.cidForCbor(op), nullified: false, createdAt: hours(step.at) })
    all.push(op)
  }
  const last = indexed.at(-1).operation
  const data = lib.opToData(did, last)
  return {
    name, did, last: indexed.at(-1).cid.toString(),
    document: data && lib.formatDidDoc(data),
    log: indexed.map((o) => ({ ...o, cid: o.cid.toString() })),
  }
}

const create = (over = {}, signer = low) => async () => lib.addSignature({
  ...lib.formatAtprotoOp({ signingKey: repo.did(), handle: 'alice.example', pds: 'pds.example', rotationKeys: [top.did(), low.did()], prev: null }), ...over,
}, signer)
const update = (from, over, signer) => async (all) => lib.addSignature({
  ...(({ sig, ...rest }) => rest)(lib.normalizeOp(all[from])), ...over, prev: (await common.cidForCbor(all[from])).toString(),
}, signer)
const bury = (from, signer) => async (all) => lib.tombstoneOp(await common.cidForCbor(all[from]), signer)
const legacy = async () => lib.deprecatedSignCreate({
  type: 'create', signingKey: low.did(), recoveryKey: top.did(), handle: 'bob.example', service: 'pds.example', prev: null,
}, low)
const talking = {
  verificationMethods: { atproto: repo.did(), didcomm: talk.did() },
  services: { didcomm: { type: 'DIDCommMessaging', endpoint: 'https://talk.example/in' }, atproto_pds: { type: 'AtprotoPersonalDataServer', endpoint: 'https://pds.example' } },
}

console.log(JSON.stringify([
  await play('created', [{ op: create(), at: 0 }]),
  await play('keys for messages', [{ op: create(talking, top), at: 0 }]),
  await play('updated and rotated', [
    { op: create(), at: 0 },
    { op: update(0, { alsoKnownAs: ['at://alice.example', 'https://alice.example/é/☃', 'did:web:alice.example'] }, low), at: 5 },
    { op: update(1, { rotationKeys: [next.did()] }, top), at: 1000 },
    { op: update(2, talking, next), at: 1001 },
  ]),
  await play('legacy', [
    { op: legacy, at: 0 },
  ]),
  await play('legacy, updated by the recovery key', [
    { op: legacy, at: 0 },
    { op: update(0, { rotationKeys: [next.did(), top.did()] }, top), at: 1 },
    { op: update(1, {}, next), at: 2 },
  ]),
  await play('recovered', [
    { op: create(), at: 0 },
    { op: update(0, { rotationKeys: [low.did()] }, low), at: 10 },
    { op: update(1, { alsoKnownAs: ['at://mallory.example'] }, low), at: 11 },
    { op: update(0, { rotationKeys: [top.did(), next.did()] }, top), at: 82 },
    { op: update(3, talking, next), at: 83 },
  ]),
  await play('buried', [{ op: create(), at: 0 }, { op: bury(0, low), at: 1 }]),
  await play('dug out', [{ op: create(), at: 0 }, { op: bury(0, low), at: 1 }, { op: update(0, talking, top), at: 73 }]),
], null, 1))
