//! The JSON Schema of `swingbridge.toml`: editors complete by it, and the check reads it.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::Value as Json;

use super::file::File;

/// The schema as an editor wants it.
pub fn schema() -> Json {
    SchemaSettings::draft2020_12()
        // Inlined, so that whoever walks it meets every key at its place.
        .with(|settings| settings.inline_subschemas = true)
        .with_transform(Tidy)
        .into_generator()
        .into_root_schema_for::<File>()
        .to_value()
}

/// Takes out what a TOML file cannot say (`null`), and defaults of whole sections, which repeat
/// those of their keys.
#[derive(Clone, Debug)]
struct Tidy;

impl Transform for Tidy {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(object) = schema.as_object_mut() {
            let nullable = |word: &Json| word == "null";
            if let Some(Json::Array(types)) = object.get_mut("type") {
                types.retain(|word| !nullable(word));
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".into(), only);
                }
            }
            if let Some(Json::Array(words)) = object.get_mut("enum") {
                words.retain(|word| !word.is_null());
            }
            if let Some(Json::Array(branches)) = object.get_mut("anyOf") {
                branches.retain(|branch| !branch.get("type").is_some_and(nullable));
                if let [Json::Object(only)] = branches.as_slice() {
                    let only = only.clone();
                    object.remove("anyOf");
                    for (key, value) in only {
                        // What is said at the key beats what is said at its type.
                        object.entry(key).or_insert(value);
                    }
                }
            }
            let section = object.contains_key("properties") || object.contains_key("additionalProperties");
            if object
                .get("default")
                .is_some_and(|value| value.is_null() || section)
            {
                object.remove("default");
            }
        }
        transform_subschemas(self, schema);
    }
}

/// The ways a value may be written: the schema itself, or each of its alternatives.
pub(super) fn alternatives(schema: &Json) -> Vec<&Json> {
    match schema.get("anyOf").or_else(|| schema.get("oneOf")) {
        Some(Json::Array(branches)) => branches.iter().flat_map(alternatives).collect(),
        _ => vec![schema],
    }
}

/// The words a schema takes, if it takes nothing else.
pub(super) fn words(schema: &Json) -> Vec<&str> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(word), _) => word.as_str().into_iter().collect(),
        (_, Some(Json::Array(words))) => words.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::docs::tests::assert_written;

    #[test]
    fn the_schema_in_docs_is_the_one_the_code_has() {
        let text = serde_json::to_string_pretty(&schema()).expect("json") + "\n";
        assert_written("docs/swingbridge.schema.json", &text);
    }

    #[test]
    fn every_key_is_described() {
        fn walk(schema: &Json, path: &str) {
            for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
                let path = format!("{path}.{key}");
                assert!(
                    inner["description"].is_string(),
                    "{path} needs a doc comment: {inner}"
                );
                for branch in alternatives(inner) {
                    if path != ".after_promotion.previous" {
                        walk(branch, &path);
                    }
                }
                walk(&inner["items"], &path);
                walk(&inner["additionalProperties"], &path);
            }
        }
        walk(&schema(), "");
    }

    #[test]
    fn no_key_can_be_null_and_every_section_is_strict() {
        let text = schema().to_string();
        assert!(!text.contains("null"), "{text}");
        let sections = text.matches("\"properties\"").count();
        assert_eq!(text.matches("\"additionalProperties\":false").count(), sections);
    }
}
