//! Packs and unpacks with SICPA's didcomm: a JSON request per line on stdin, a JSON answer per line on stdout.

use std::{
    io::{self, BufRead, Write},
    time::Instant,
};

use didcomm::{
    algorithms::AnonCryptAlg,
    did::{resolvers::ExampleDIDResolver, DIDDoc},
    secrets::{resolvers::ExampleSecretsResolver, Secret},
    Message, PackEncryptedOptions, UnpackOptions,
};
use futures::executor::block_on;
use serde_json::{json, Value};

struct World {
    documents: ExampleDIDResolver,
    secrets: ExampleSecretsResolver,
}

fn setup(world: &Value) -> Result<World, String> {
    let documents: Vec<DIDDoc> = from(&world["documents"])?;
    let list = world["secrets"].as_array().ok_or("no secrets")?;
    let secrets: Vec<Secret> = list
        .iter()
        .map(|s| from(&json!({"id": s["id"], "type": "JsonWebKey2020", "privateKeyJwk": s["privateKeyJwk"]})))
        .collect::<Result<_, _>>()?;
    Ok(World { documents: ExampleDIDResolver::new(documents), secrets: ExampleSecretsResolver::new(secrets) })
}

fn from<T: serde::de::DeserializeOwned>(v: &Value) -> Result<T, String> {
    serde_json::from_value(v.clone()).map_err(|e| e.to_string())
}

fn pack(w: &World, form: &Value, m: &Message) -> Result<String, String> {
    Ok(match form["to"].as_str() {
        None => {
            let by = form["sign_by"].as_str().ok_or("nothing to do")?;
            block_on(m.pack_signed(by, &w.documents, &w.secrets)).map_err(|e| format!("{e:?}"))?.0
        }
        Some(to) => {
            let enc = match form["enc"].as_str() {
                Some("A256GCM") => AnonCryptAlg::A256gcmEcdhEsA256kw,
                Some("XC20P") => AnonCryptAlg::Xc20pEcdhEsA256kw,
                _ => AnonCryptAlg::A256cbcHs512EcdhEsA256kw,
            };
            let options = PackEncryptedOptions {
                forward: false,
                protect_sender: form["protect"].as_bool().unwrap_or(false),
                enc_alg_anon: enc,
                ..PackEncryptedOptions::default()
            };
            let (by, sign) = (form["from"].as_str(), form["sign_by"].as_str());
            block_on(m.pack_encrypted(to, by, sign, &w.documents, &w.secrets, &options)).map_err(|e| format!("{e:?}"))?.0
        }
    })
}

fn unpack(w: &World, packed: &str) -> Result<Message, String> {
    let (m, _) = block_on(Message::unpack(packed, &w.documents, &w.secrets, &UnpackOptions::default()))
        .map_err(|e| format!("{e:?}"))?;
    Ok(m)
}

fn bench(w: &World, r: &Value) -> Result<f64, String> {
    let n = r["n"].as_u64().unwrap_or(1);
    if let Some(packed) = r["packed"].as_str() {
        let began = Instant::now();
        for _ in 0..n {
            unpack(w, packed)?;
        }
        return Ok(began.elapsed().as_secs_f64());
    }
    let m: Message = from(&r["message"])?;
    let began = Instant::now();
    for _ in 0..n {
        pack(w, &r["form"], &m)?;
    }
    Ok(began.elapsed().as_secs_f64())
}

fn answer(world: &mut Option<World>, r: &Value) -> Result<Value, String> {
    if r["op"] == "setup" {
        *world = Some(setup(&r["world"])?);
        return Ok(json!({"version": "0.4.1"}));
    }
    let w = world.as_ref().ok_or("not set up")?;
    match r["op"].as_str() {
        Some("pack") => Ok(json!({"packed": pack(w, &r["form"], &from(&r["message"])?)?})),
        Some("bench") => Ok(json!({"seconds": bench(w, r)?})),
        _ => Ok(json!({"message": unpack(w, r["packed"].as_str().unwrap_or(""))?})),
    }
}

fn main() {
    let mut world = None;
    for line in io::stdin().lock().lines() {
        let r: Value = serde_json::from_str(&line.expect("stdin")).expect("a request");
        let a = answer(&mut world, &r).unwrap_or_else(|e| json!({ "error": e }));
        println!("{a}");
        io::stdout().flush().expect("stdout");
    }
}
