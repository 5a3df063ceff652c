"""Packs and unpacks with didcomm-python: a JSON request per line on stdin, a JSON answer per line on stdout."""
import asyncio
import json
import sys
import time
import warnings

warnings.simplefilter("ignore")

from importlib.metadata import version

from didcomm.common.algorithms import AnonCryptAlg
from didcomm.common.resolvers import ResolversConfig
from didcomm.common.types import VerificationMaterial, VerificationMaterialFormat, VerificationMethodType
from didcomm.did_doc.did_doc import DIDDoc
from didcomm.did_doc.did_resolver_in_memory import DIDResolverInMemory
from didcomm.message import Message
from didcomm.pack_encrypted import PackEncryptedConfig, pack_encrypted
from didcomm.pack_signed import pack_signed
from didcomm.secrets.secrets_resolver import Secret
from didcomm.secrets.secrets_resolver_in_memory import SecretsResolverInMemory
from didcomm.unpack import unpack

ENCS = {
    "A256CBC-HS512": AnonCryptAlg.A256CBC_HS512_ECDH_ES_A256KW,
    "A256GCM": AnonCryptAlg.A256GCM_ECDH_ES_A256KW,
    "XC20P": AnonCryptAlg.XC20P_ECDH_ES_A256KW,
}
config = None


def setup(world):
    global config
    secrets = [
        Secret(
            s["id"],
            VerificationMethodType.JSON_WEB_KEY_2020,
            VerificationMaterial(VerificationMaterialFormat.JWK, json.dumps(s["privateKeyJwk"])),
        )
        for s in world["secrets"]
    ]
    documents = [DIDDoc.deserialize(d) for d in world["documents"]]
    config = ResolversConfig(SecretsResolverInMemory(secrets), DIDResolverInMemory(documents))
    return {"version": version("didcomm")}


def packer(form, message):
    """Returns what packs one message of the form."""
    m = Message.from_json(json.dumps(message))
    if "to" not in form:
        return lambda: pack_signed(config, m, form["sign_by"])
    options = PackEncryptedConfig(forward=False, protect_sender_id=form.get("protect", False))
    if "enc" in form:
        options.enc_alg_anon = ENCS[form["enc"]]
    return lambda: pack_encrypted(
        config, m, form["to"], frm=form.get("from"), sign_frm=form.get("sign_by"), pack_config=options
    )


async def bench(r):
    once = (lambda: unpack(config, r["packed"])) if "packed" in r else packer(r["form"], r["message"])
    began = time.perf_counter()
    for _ in range(r["n"]):
        await once()
    return {"seconds": time.perf_counter() - began}


async def answer(r):
    try:
        if r["op"] == "setup":
            return setup(r["world"])
        if r["op"] == "pack":
            return {"packed": (await packer(r["form"], r["message"])()).packed_msg}
        if r["op"] == "bench":
            return await bench(r)
        return {"message": (await unpack(config, r["packed"])).message.as_dict()}
    except Exception as e:
        return {"error": f"{type(e).__name__}: {e}"}


for line in sys.stdin:
    print(json.dumps(asyncio.run(answer(json.loads(line)))), flush=True)
