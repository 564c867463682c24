//! Looks in generated Swift and Kotlin for what an answer may hold.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// The schemas that may be closed lists of words: only requests hold them.
const CLOSED: [&str; 3] = ["Opponent", "Status", "Visibility"];

pub fn at_swift(document: &Value, folder: &Path) {
    let models = folder.join("Sources/OpenAPIClient/Models");
    members_are_as_documented(document, |schema, member| {
        let file = read(&models.join(format!("{schema}.swift")));
        kind_of(&file, "public var ", member)
    });
    closed_lists_are_of_requests(&models, ": String, Sendable, Codable, CaseIterable {");
}

pub fn at_kotlin(document: &Value, folder: &Path) {
    let models = folder.join("src/main/kotlin/org/openapitools/client/models");
    members_are_as_documented(document, |schema, member| {
        let file = read(&models.join(format!("{schema}.kt")));
        let kind = kind_of(&file, "val ", member);
        assert!(!kind.contains("kotlin.Any"), "{schema}.{member}: {kind}");
        kind
    });
    closed_lists_are_of_requests(&models, "enum class ");
}

/// `kind` gives the generated type of a member of a schema.
fn members_are_as_documented(document: &Value, kind: impl Fn(&str, &str) -> String) {
    let mut with_null_inside = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let members = schema["properties"].as_object();
        for (member, form) in members.into_iter().flatten() {
            let kind = kind(name, member);
            let is_required = required(schema, member);
            if !is_any(form) {
                let is_optional = kind.ends_with('?');
                assert_eq!(
                    is_optional,
                    is_null(form) || !is_required,
                    "{name}.{member}: {kind}"
                );
            }
            for inner in [&form["items"], &form["additionalProperties"]] {
                if inner.is_object() && !is_any(inner) {
                    let has_null = kind.contains("?]") || kind.contains("?>");
                    assert_eq!(has_null, is_null(inner), "{name}.{member}: {kind}");
                    if has_null {
                        with_null_inside.push(format!("{name}.{member}"));
                    }
                }
            }
        }
    }
    assert_eq!(with_null_inside, ["EventData.seats", "Game.seats"]);
}

fn required(schema: &Value, member: &str) -> bool {
    let required = schema["required"].as_array();
    required.is_some_and(|required| required.contains(&json!(member)))
}

/// Whether null fits.
fn is_null(form: &Value) -> bool {
    let kinds = form["type"].as_array();
    let forms = form["oneOf"].as_array();
    kinds.is_some_and(|kinds| kinds.contains(&json!("null")))
        || forms.is_some_and(|forms| forms.contains(&json!({"type": "null"})))
}

/// Whether any JSON fits.
fn is_any(form: &Value) -> bool {
    ["type", "$ref", "oneOf"]
        .iter()
        .all(|word| form.get(word).is_none())
}

/// The type of a member: what follows its name, without a default.
fn kind_of(file: &str, keyword: &str, member: &str) -> String {
    let declared = file.lines().find_map(|line| {
        let line = line.trim().strip_prefix(keyword)?.replace('`', "");
        let kind = line.strip_prefix(&format!("{member}: "))?;
        Some(
            kind.trim_end_matches(',')
                .trim_end_matches(" = null")
                .to_owned(),
        )
    });
    declared.unwrap_or_else(|| panic!("{member} is missing in {file}"))
}

fn closed_lists_are_of_requests(models: &Path, sign: &str) {
    let mut closed: Vec<String> = fs::read_dir(models)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| read(path).contains(sign))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    closed.sort();
    assert_eq!(closed, CLOSED);
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
