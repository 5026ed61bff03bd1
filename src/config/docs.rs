//! The reference of every key as a page, written from the schema and the table of settings.

use serde_json::Value as Json;

use super::check::expected;
use super::overrides::{CONFIG, SETTINGS};
use super::schema::{alternatives, schema};

/// The sections in the order in which a person meets them.
const ORDER: [&str; 18] = [
    "aws",
    "names",
    "adopted",
    "routes",
    "doors",
    "lock",
    "release",
    "health",
    "capacity",
    "after_promotion",
    "after_rollback",
    "swing",
    "canary",
    "linear",
    "shift",
    "hooks",
    "notify",
    "journal",
];

/// `docs/configuration.md`.
pub(super) fn reference() -> String {
    let schema = schema();
    let mut page = format!(
        "# swingbridge.toml\n\n\
         <!-- Written from src/config/file.rs by `UPDATE_DOCS=1 cargo test --lib config`. -->\n\n\
         The file is looked for in the current folder; `--config PATH` or `{CONFIG}` names another. \
         Flags beat the environment, which beats the file. Unknown keys are errors, and every \
         problem is reported at once, before anything is called (exit code 2). \
         `swingbridge init` writes a commented file, `swingbridge init --from-aws` one that fits a \
         running load balancer. Editors complete and check it by \
         [swingbridge.schema.json](swingbridge.schema.json).\n\n\
         Durations are written like `30s`, `5m` or `1h 30m`. AWS credentials, and the region or \
         endpoint where none is given here, come from the environment as with every AWS tool.\n\n\
         ## At the top\n"
    );
    let top = ["app", "load_balancer", "strategy"];
    page += &table(&schema, "", |key| top.contains(&key));
    for name in ORDER {
        let section = &schema["properties"][name];
        let (title, body) = match section.get("items") {
            Some(item) => (format!("[[{name}]]"), item),
            None => (format!("[{name}]"), section),
        };
        page += &format!("\n## {title}\n\n{}\n", description(section));
        page += &table(body, name, |_| true);
    }
    page += "\n## Flags and variables\n\n| key | flag | variable |\n|---|---|---|\n";
    for setting in SETTINGS {
        page += &format!("| `{}` | `{}` | `{}` |\n", setting.key, setting.flag, setting.env);
    }
    page += &format!("| (the file) | `--config` | `{CONFIG}` |\n");
    page += "\n`after_promotion.previous` is written `scale=N` in a flag or a variable. \
             An empty variable says nothing.\n";
    page
}

fn table(schema: &Json, section: &str, wanted: impl Fn(&str) -> bool) -> String {
    let mut text = String::from("\n| key | value | default | meaning |\n|---|---|---|---|\n");
    let properties = schema["properties"].as_object();
    for (key, inner) in properties.into_iter().flatten().filter(|(key, _)| wanted(key)) {
        let default = default_of(schema, key);
        let words: Vec<String> = alternatives(inner)
            .into_iter()
            .filter(|one| one["const"].is_string() && one["description"].is_string())
            .map(|one| format!(" `{}`: {}", one["const"], description(one)))
            .collect();
        text += &row(
            key,
            &expected(inner),
            &default,
            &(description(inner) + &words.concat()),
        );
        // A list of tables: what each of them may have.
        for (part, inside) in inner["items"]["properties"].as_object().into_iter().flatten() {
            let name = format!("{key}.{part}");
            let default = default_of(&inner["items"], part);
            text += &row(&name, &expected(inside), &default, &description(inside));
        }
        for branch in alternatives(inner) {
            // `closed = { … }` has keys of its own that are worth a line each.
            for (part, inside) in branch["properties"].as_object().into_iter().flatten() {
                if section == "doors" || section == "capacity" {
                    let name = format!("{key}.{part}");
                    text += &row(
                        &name,
                        &expected(inside),
                        &default_of(branch, part),
                        &description(inside),
                    );
                }
            }
        }
    }
    text
}

fn default_of(schema: &Json, key: &str) -> String {
    let required = schema["required"]
        .as_array()
        .is_some_and(|list| list.iter().any(|name| name == key));
    match schema["properties"][key].get("default") {
        Some(value) => format!("`{}`", value),
        None if required => "required".to_owned(),
        None => String::new(),
    }
}

fn row(key: &str, value: &str, default: &str, meaning: &str) -> String {
    format!(
        "| `{key}` | {} | {default} | {} |\n",
        value.replace('|', "\\|"),
        meaning.replace('|', "\\|")
    )
}

fn description(schema: &Json) -> String {
    schema["description"]
        .as_str()
        .unwrap_or_default()
        .replace('\n', " ")
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;

    use super::*;

    /// Compares a written page with what the code says, or writes it when asked to.
    pub(in crate::config) fn assert_written(path: &str, text: &str) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&file, text).expect("written");
        }
        let found = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            found == text,
            "{path} is not what the code says; `UPDATE_DOCS=1 cargo test --lib config` writes it"
        );
    }

    #[test]
    fn the_reference_in_docs_is_the_one_the_code_has() {
        assert_written("docs/configuration.md", &reference());
    }

    #[test]
    fn every_section_of_the_schema_has_its_place_in_the_reference() {
        let schema = schema();
        for (key, inner) in schema["properties"].as_object().expect("keys") {
            let section = inner.get("properties").is_some() || inner.get("items").is_some();
            assert_eq!(section, ORDER.contains(&key.as_str()), "{key}");
        }
    }

    #[test]
    fn every_key_of_the_schema_appears_in_the_reference() {
        fn walk(schema: &Json, page: &str) {
            for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
                let named = [format!("`{key}`"), format!("[{key}]"), format!(".{key}`")];
                assert!(
                    named.iter().any(|name| page.contains(name)) || page.contains(&format!("{{ {key} = ")),
                    "{key} is missing"
                );
                alternatives(inner).into_iter().for_each(|one| walk(one, page));
                walk(&inner["items"], page);
            }
        }
        walk(&schema(), &reference());
    }

    #[test]
    fn every_flag_and_variable_sets_a_key_that_exists() {
        let schema = schema();
        for setting in SETTINGS {
            let pointer = format!("/properties/{}", setting.key.replace('.', "/properties/"));
            assert!(schema.pointer(&pointer).is_some(), "{}", setting.key);
        }
    }
}
