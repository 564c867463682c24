//! Keys in thousands, and values that are none.

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use rand::RngExt;
use tokio_postgres::Client;
use turnkey::gate::ApiKeyValue;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PUBLIC: std::ops::Range<usize> = 3..11;

/// Adds so many keys to the plan called `plan`. Their hashes are as cheap as Argon2id gets: a value
/// is hashed once and known from then on, so what a call costs later is not changed by it.
pub async fn add_keys(client: &Client, plan: &str, count: u32) -> Vec<ApiKeyValue> {
    let params = Params::new(8, 1, 1, None).unwrap();
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let values: Vec<_> = (0..count).map(|_| ApiKeyValue::generate()).collect();
    let ids: Vec<String> = (0..count).map(|number| format!("b{number:09}")).collect();
    let lookups: Vec<&str> = values.iter().map(|value| &value.expose()[PUBLIC]).collect();
    let phcs: Vec<String> = values
        .iter()
        .map(|value| {
            let hash: PasswordHash = hasher.hash_password(value.expose().as_bytes()).unwrap();
            hash.to_string()
        })
        .collect();
    let insert = "
        with given as (select * from unnest($1::text[], $2::text[], $3::text[]) as given (id, lookup, phc)),
        keys as (insert into api_key (id, name, enabled) select id, 'bench', true from given),
        added as (insert into api_key_value (key_id, lookup, phc) select id, lookup, phc from given)
        insert into usage_plan_key (plan_id, key_id)
        select usage_plan.id, given.id from given, usage_plan where usage_plan.name = $4";
    client
        .execute(insert, &[&ids, &lookups, &phcs, &plan])
        .await
        .unwrap();
    values
}

/// Values that the gate can tell from a key without hashing, in turn: random text, the right prefix
/// before a checksum that does not fit, and the right form with public characters of no key.
pub fn bogus_values(count: u32) -> Vec<String> {
    (0..count)
        .map(|number| match number % 3 {
            0 => random_text(49),
            1 => with_wrong_checksum(),
            _ => ApiKeyValue::generate().expose().to_owned(),
        })
        .collect()
}

/// Values that only hashing can tell from `key`: its public characters, and a checksum that fits.
pub fn forged_values(key: &ApiKeyValue, count: u32) -> Vec<String> {
    let public = &key.expose()[PUBLIC];
    (0..count)
        .map(|_| {
            let body = format!("tk_{public}{}", random_text(32));
            let sum = checksum(&body);
            format!("{body}{sum}")
        })
        .collect()
}

fn with_wrong_checksum() -> String {
    let mut text = ApiKeyValue::generate().expose().to_owned();
    let last = text.pop();
    text.push(if last == Some('a') { 'b' } else { 'a' });
    text
}

fn random_text(length: usize) -> String {
    let mut random = rand::rng();
    (0..length)
        .map(|_| char::from(BASE62[random.random_range(0..BASE62.len())]))
        .collect()
}

/// CRC32 in base62, in six digits.
fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    String::from_utf8(digits.to_vec()).unwrap()
}
