"""Recomputes golden.json from its DIDs and multikeys, by doc.go alone: python3 golden.py > golden.json.

It needs the PyPI packages base58 and mnemonic (for the BIP-39 list), and shares no code with the Go package.
"""
import base64, hashlib, json, os
import base58
from mnemonic import Mnemonic

WORDS = Mnemonic("english").wordlist
HERE = os.path.dirname(os.path.abspath(__file__))

def canonical(did):
    return ":".join(did.split(":")[:3]) if did.startswith("did:peer:4") else did

def half(party):
    prints = sorted({hashlib.sha256(base58.b58decode(k[1:])).digest() for k in party["keys"]})
    keys = b"".join(prints)
    state = b"\x00\x01" + len(prints).to_bytes(2, "big") + keys + canonical(party["did"]).encode()
    for _ in range(5200):
        state = hashlib.sha512(state + keys).digest()
    return state[:32]

def number(case):
    halves = sorted(half(p) for p in case["parties"])
    digits, words = [], []
    for h in halves:
        digits += ["%05d" % (int.from_bytes(h[i:i + 5], "big") % 100000) for i in range(0, 30, 5)]
        binary = bin(int.from_bytes(b"\x01" + h, "big"))[3:]
        words += [WORDS[int(binary[i:i + 11], 2)] for i in range(0, 99, 11)]
    code = "parley-verify:1:" + base64.urlsafe_b64encode(b"".join(halves)).decode().rstrip("=")
    return {**case, "digits": " ".join(digits), "words": " ".join(words), "code": code}

with open(os.path.join(HERE, "golden.json")) as f:
    cases = json.load(f)
print(json.dumps([number(c) for c in cases], indent=1))
