//! A checker of the part of JSON Schema that forms use.

use serde_json::{Map, Value};
use turnkey::rules::whole_number;

/// Says where `value` is not what `schema` describes.
pub fn check(schema: &Value, value: &Value) -> Result<(), String> {
    let schema = schema.as_object().ok_or("a schema is an object")?;
    for (keyword, rule) in schema {
        if !holds(keyword, rule, schema, value)? {
            return Err(format!("{value} is against {keyword:?}: {rule}"));
        }
    }
    Ok(())
}

fn holds(
    keyword: &str,
    rule: &Value,
    schema: &Map<String, Value>,
    value: &Value,
) -> Result<bool, String> {
    let rule_list = || rule.as_array().ok_or(format!("{keyword} is a list"));
    let at_least = |size: Option<i64>| Ok(size.is_none_or(|size| size >= rule.as_i64().unwrap()));
    let at_most = |size: Option<i64>| Ok(size.is_none_or(|size| size <= rule.as_i64().unwrap()));
    let items = value.as_array().map(|items| items.len() as i64);
    let length = value.as_str().map(|text| text.chars().count() as i64);
    let fields = value.as_object();
    match keyword {
        "description" => Ok(rule.is_string()),
        "type" => is_a(rule.as_str().unwrap_or_default(), value),
        "enum" => Ok(rule_list()?.contains(value)),
        "const" => Ok(rule == value),
        "oneOf" => {
            let matching = rule_list()?.iter().filter(|one| check(one, value).is_ok());
            Ok(matching.count() == 1)
        }
        "minimum" => at_least(whole_number(value)),
        "maximum" => at_most(whole_number(value)),
        "minItems" => at_least(items),
        "maxItems" => at_most(items),
        "minLength" => at_least(length),
        "maxLength" => at_most(length),
        "items" => {
            let mut items = value.as_array().into_iter().flatten();
            items.try_for_each(|item| check(rule, item)).map(|()| true)
        }
        "required" => {
            let mut names = rule_list()?.iter().filter_map(Value::as_str);
            Ok(names.all(|name| fields.is_none_or(|fields| fields.contains_key(name))))
        }
        "properties" => {
            let known = rule.as_object().ok_or("properties is an object")?;
            let mut held = known
                .iter()
                .filter_map(|(name, rule)| Some((rule, value.get(name)?)));
            held.try_for_each(|(rule, field)| check(rule, field))
                .map(|()| true)
        }
        "additionalProperties" => {
            let known = schema.get("properties").and_then(Value::as_object);
            let is_known = |name: &String| known.is_some_and(|known| known.contains_key(name));
            let mut names = fields.into_iter().flat_map(Map::keys);
            Ok(*rule == Value::Bool(true) || names.all(is_known))
        }
        other => Err(format!("forms do not use {other:?}")),
    }
}

fn is_a(name: &str, value: &Value) -> Result<bool, String> {
    match name {
        "object" => Ok(value.is_object()),
        "array" => Ok(value.is_array()),
        "string" => Ok(value.is_string()),
        "boolean" => Ok(value.is_boolean()),
        "null" => Ok(value.is_null()),
        "integer" => Ok(whole_number(value).is_some()),
        other => Err(format!("forms do not use the type {other:?}")),
    }
}

/// Says what in `schema` a client that knows only the keywords of forms would not understand.
pub fn check_schema(schema: &Value) -> Result<(), String> {
    let Some(keywords) = schema.as_object() else {
        return Err(format!("{schema} is no schema"));
    };
    for (keyword, rule) in keywords {
        let count = || rule.as_i64().map(|_| ());
        let is_text = |value: &Value| value.is_string();
        let understood = match keyword.as_str() {
            "const" => Some(()),
            "description" => rule.as_str().map(|_| ()),
            "type" => is_a(rule.as_str().unwrap_or_default(), &Value::Null)
                .ok()
                .map(|_| ()),
            "enum" => rule.as_array().filter(|list| !list.is_empty()).map(|_| ()),
            "required" => rule
                .as_array()
                .filter(|list| list.iter().all(is_text))
                .map(|_| ()),
            "additionalProperties" => rule.as_bool().map(|_| ()),
            "minimum" | "maximum" | "minItems" | "maxItems" | "minLength" | "maxLength" => count(),
            "items" => Some(check_schema(rule)?),
            "oneOf" => match rule.as_array() {
                Some(schemas) => Some(schemas.iter().try_for_each(check_schema)?),
                None => None,
            },
            "properties" => match rule.as_object() {
                Some(schemas) => Some(schemas.values().try_for_each(check_schema)?),
                None => None,
            },
            _ => None,
        };
        understood.ok_or_else(|| format!("{keyword:?}: {rule} is not used in forms"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_keyword_refuses_something() {
        for (schema, good, bad) in [
            (json!({"type": "integer"}), json!(4), json!("4")),
            (json!({"enum": ["X", null]}), json!(null), json!("Y")),
            (json!({"const": 3}), json!(3), json!(4)),
            (json!({"minimum": 0}), json!(0), json!(-1)),
            (json!({"maximum": 8}), json!(8), json!(9)),
            (json!({"minItems": 1}), json!([0]), json!([])),
            (json!({"maxItems": 1}), json!([0]), json!([0, 0])),
            (json!({"minLength": 1}), json!("a"), json!("")),
            (json!({"maxLength": 1}), json!("ä"), json!("ab")),
            (json!({"items": {"const": 1}}), json!([1, 1]), json!([1, 2])),
            (json!({"required": ["a"]}), json!({"a": 1}), json!({"b": 1})),
            (
                json!({"properties": {"a": {"const": 1}}}),
                json!({"b": 2}),
                json!({"a": 2}),
            ),
            (
                json!({"additionalProperties": false}),
                json!({}),
                json!({"a": 1}),
            ),
            (
                json!({"oneOf": [{"const": 1}, {"minimum": 1}]}),
                json!(2),
                json!(1),
            ),
        ] {
            assert_eq!(check_schema(&schema), Ok(()));
            assert_eq!(check(&schema, &good), Ok(()), "{schema}");
            assert!(check(&schema, &bad).is_err(), "{schema}");
        }
    }

    #[test]
    fn other_keywords_are_not_understood() {
        for schema in [
            json!(true),
            json!({"pattern": "a"}),
            json!({"type": "number"}),
            json!({"properties": {"a": {"anyOf": []}}}),
            json!({"oneOf": [{"items": {"format": "date"}}]}),
        ] {
            assert!(check_schema(&schema).is_err(), "{schema}");
        }
    }
}
