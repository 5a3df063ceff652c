//! Packs and unpacks with affinidi-messaging-didcomm: a JSON request per line on stdin, a JSON answer per line on
//! stdout. The library leaves it to its caller to resolve documents and to choose keys, so that stands here.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::time::Instant;

use affinidi_crypto::jose::key_agreement::{Curve, PrivateKeyAgreement, PublicKeyAgreement};
use affinidi_messaging_didcomm::{
    jwe::{decrypt::authcrypt_sender_kid, encrypt},
    jws::{sign::JwsSigner, verify::VerifyKey},
    message::{pack, unpack},
    Message, SenderKey, SignerKey, UnpackResult,
};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{json, Value};

type Failure = Box<dyn std::error::Error>;

/// All keys by their DID URLs, and the order of those for agreement.
#[derive(Default)]
struct World {
    private: HashMap<String, PrivateKeyAgreement>,
    public: HashMap<String, PublicKeyAgreement>,
    signing: HashMap<String, (String, [u8; 32])>,
    verifying: HashMap<String, VerifyKey>,
    agreement: Vec<String>,
}

fn bytes(v: &Value) -> Result<Vec<u8>, Failure> {
    Ok(Base64UrlUnpadded::decode_vec(v.as_str().ok_or("no text")?).map_err(|e| e.to_string())?)
}

fn text<'a>(v: &'a Value) -> &'a str {
    v.as_str().unwrap_or("")
}

fn list(v: &Value) -> &[Value] {
    v.as_array().map(Vec::as_slice).unwrap_or(&[])
}

fn verify_key(jwk: &Value) -> Result<VerifyKey, Failure> {
    if jwk["crv"] == "Ed25519" {
        return Ok(VerifyKey::Ed25519(bytes(&jwk["x"])?.try_into().map_err(|_| "not 32 bytes")?));
    }
    let point = [vec![4], bytes(&jwk["x"])?, bytes(&jwk["y"])?].concat();
    Ok(if jwk["crv"] == "secp256k1" { VerifyKey::Secp256k1(point) } else { VerifyKey::P256(point) })
}

fn setup(world: &Value) -> Result<World, Failure> {
    let mut w = World::default();
    let agrees = |kid: &str| {
        let all = list(&world["documents"]);
        all.iter().any(|d| list(&d["keyAgreement"]).iter().any(|k| k == kid))
    };
    for s in list(&world["secrets"]) {
        let (kid, jwk) = (text(&s["id"]).to_string(), &s["privateKeyJwk"]);
        let d = bytes(&jwk["d"])?;
        if !agrees(&kid) {
            w.signing.insert(kid.clone(), (text(&jwk["crv"]).into(), d.try_into().map_err(|_| "not 32 bytes")?));
            w.verifying.insert(kid, verify_key(jwk)?);
            continue;
        }
        let curve = match text(&jwk["crv"]) {
            "X25519" => Curve::X25519,
            "P-256" => Curve::P256,
            "P-384" => Curve::P384,
            _ => Curve::P521,
        };
        w.private.insert(kid.clone(), PrivateKeyAgreement::from_raw_bytes(curve, &d)?);
        w.public.insert(kid.clone(), PublicKeyAgreement::from_jwk(jwk)?);
        w.agreement.push(kid);
    }
    Ok(w)
}

impl World {
    /// The key that is meant, or all of a DID's that have the curve of its first one.
    fn recipients(&self, to: &str) -> Vec<(&str, &PublicKeyAgreement)> {
        let mut found: Vec<(&str, &PublicKeyAgreement)> = Vec::new();
        for kid in &self.agreement {
            let public = &self.public[kid];
            let meant = if to.contains('#') { kid == to } else { kid.split('#').next() == Some(to) };
            if meant && found.first().is_none_or(|(_, first)| first.curve() == public.curve()) {
                found.push((kid, public));
            }
        }
        found
    }

    fn signed(&self, kid: &str, m: &Message) -> Result<String, Failure> {
        let (crv, private) = self.signing.get(kid).ok_or("no such key")?;
        let signer = match crv.as_str() {
            "Ed25519" => JwsSigner::Ed25519 { kid, private },
            "secp256k1" => JwsSigner::Secp256k1 { kid, private },
            _ => JwsSigner::P256 { kid, private },
        };
        Ok(pack::pack_signed_multi(m, &[signer])?)
    }

    fn pack(&self, form: &Value, m: &Message) -> Result<String, Failure> {
        let Some(to) = form["to"].as_str() else { return self.signed(text(&form["sign_by"]), m) };
        let plaintext = match form["sign_by"].as_str() {
            Some(kid) => self.signed(kid, m)?.into_bytes(),
            None => m.to_json()?,
        };
        let recipients = self.recipients(to);
        Ok(match form["from"].as_str() {
            Some(from) => encrypt::authcrypt(&plaintext, from, self.private.get(from).ok_or("no such key")?, &recipients)?,
            None => encrypt::anoncrypt(&plaintext, &recipients)?,
        })
    }

    /// The signer is not known before the envelope is open: it is the key of Alice's that is meant to sign.
    fn unpack(&self, packed: &str, signer: &str) -> Result<Message, Failure> {
        let envelope: Value = serde_json::from_str(packed)?;
        let mine = list(&envelope["recipients"]).iter().map(|r| text(&r["header"]["kid"])).find(|k| self.private.contains_key(*k));
        let skid = if mine.is_some() { authcrypt_sender_kid(packed)? } else { None };
        let sender = match &skid {
            Some(kid) => Some(SenderKey::new(kid, self.public.get(kid).ok_or("no such key")?)),
            None => None,
        };
        let kid = list(&envelope["signatures"]).first().map_or(signer, |s| text(&s["header"]["kid"]));
        let signer = self.verifying.get(kid).map(|key| SignerKey::new(kid, key));
        match unpack::unpack_bound(packed, mine, mine.map(|k| &self.private[k]), sender, signer)? {
            UnpackResult::Encrypted { message, .. } | UnpackResult::Signed { message, .. } => Ok(message),
            _ => Err("not encrypted".into()),
        }
    }

    fn bench(&self, r: &Value) -> Result<f64, Failure> {
        let n = r["n"].as_u64().unwrap_or(1);
        let signer = text(&r["form"]["sign_by"]);
        if let Some(packed) = r["packed"].as_str() {
            let began = Instant::now();
            for _ in 0..n {
                self.unpack(packed, signer)?;
            }
            return Ok(began.elapsed().as_secs_f64());
        }
        let m: Message = serde_json::from_value(r["message"].clone())?;
        let began = Instant::now();
        for _ in 0..n {
            self.pack(&r["form"], &m)?;
        }
        Ok(began.elapsed().as_secs_f64())
    }
}

fn answer(world: &mut Option<World>, r: &Value) -> Result<Value, Failure> {
    if r["op"] == "setup" {
        *world = Some(setup(&r["world"])?);
        return Ok(json!({"version": "0.15.11"}));
    }
    let w = world.as_ref().ok_or("not set up")?;
    Ok(match text(&r["op"]) {
        "pack" => json!({"packed": w.pack(&r["form"], &serde_json::from_value(r["message"].clone())?)?}),
        "bench" => json!({"seconds": w.bench(r)?}),
        _ => json!({"message": w.unpack(text(&r["packed"]), text(&r["form"]["sign_by"]))?}),
    })
}

fn main() {
    let mut world = None;
    for line in io::stdin().lock().lines() {
        let r: Value = serde_json::from_str(&line.expect("stdin")).expect("a request");
        let a = answer(&mut world, &r).unwrap_or_else(|e| json!({ "error": e.to_string() }));
        println!("{a}");
        io::stdout().flush().expect("stdout");
    }
}
