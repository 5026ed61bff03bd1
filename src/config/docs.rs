//! The reference of every key as a page, written from the schema and the table of settings.

use serde_json::Value as Json;

use super::check::expected;
use super::overrides::{CONFIG, SETTINGS};
use super::schema::{alternatives, schema};
use crate::model::judging::{Bound, Measure, Query, Rule};

/// The sections in the order in which a person meets them.
const ORDER: [&str; 21] = [
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
    "rolling",
    "ab",
    "hooks",
    "judge",
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
         Durations are written like `30s`, `5m`, `1h 30m` or `14d`. AWS credentials, and the region or \
         endpoint where none is given here, come from the environment as with every AWS tool.\n\n\
         ## At the top\n"
    );
    let top = ["app", "load_balancer", "strategy", "generations"];
    page += &table(&schema, "", |key| top.contains(&key));
    for name in ORDER {
        let section = &schema["properties"][name];
        let (title, body) = match section.get("items") {
            Some(item) => (format!("[[{name}]]"), item),
            None => (format!("[{name}]"), section),
        };
        page += &format!("\n## {title}\n\n{}\n", description(section));
        page += &table(body, name, |_| true);
        if name == "judge" {
            page += &rules(body);
        }
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

/// The tables that stand for rules, and those that are built in.
fn rules(judge: &Json) -> String {
    let rule = &judge["properties"]["rules"]["additionalProperties"];
    let metric = &rule["properties"]["metrics"]["additionalProperties"];
    let mut text = format!(
        "\n### [judge.rules.NAME]\n\n{}\n{}\n### [judge.rules.NAME.metrics.ID]\n\n{}\n{}",
        description(rule),
        table(rule, "judge.rules", |_| true),
        description(metric),
        table(metric, "judge.rules.metrics", |_| true),
    );
    text +=
        "\nBuilt in are:\n\n| rule | of each generation | bounds by default | then |\n|---|---|---|---|\n";
    for name in Rule::BUILT_IN {
        let Some(rule) = Rule::built_in(name) else {
            continue;
        };
        let bounds: Vec<String> = rule.bounds.iter().map(|bound| bound_of(*bound)).collect();
        let bounds = match (bounds.is_empty(), Rule::defaults().contains(&rule)) {
            (true, _) => "none: not judged unless it is given some".to_owned(),
            (_, false) => format!("{}, once `[judge.rules.{name}]` is written", bounds.join(", ")),
            (_, true) => bounds.join(", "),
        };
        text += &format!(
            "| `{name}` | {} | {bounds} | {} |\n",
            measure_of(&rule.measure),
            rule.then
        );
    }
    text + "\nThe shares are of all requests in the window. Of latencies, and of a rule of one's own, the median period \
            is judged, of latencies by its requests; of unhealthy hosts, what two periods had. A latency \
            of 10 ms or less is never too high beside live's. Fewer requests than \
            `minimum_requests`, missing metrics and alarms without data are no evidence, and never let a candidate \
            pass; unhealthy hosts and alarms count without any requests. While all of production goes to the \
            candidate, bounds that compare with live are left out. `swingbridge metrics` shows the comparison as it is \
            now; `swingbridge judge replay` tries other bounds on what was recorded.\n"
}

fn bound_of(bound: Bound) -> String {
    match bound {
        Bound::AtMost(limit) => format!("`at_most = {limit}`"),
        Bound::AtLeast(limit) => format!("`at_least = {limit}`"),
        Bound::AtMostOfLive(factor) => format!("`at_most_of_live = {factor}`"),
        Bound::AtLeastOfLive(factor) => format!("`at_least_of_live = {factor}`"),
        Bound::NotHigher(_) => "`not_higher = {}`".to_owned(),
        Bound::NotLower(_) => "`not_lower = {}`".to_owned(),
    }
}

fn measure_of(measure: &Measure) -> String {
    match measure {
        Measure::ErrorRate => "responses 5xx of its targets, in % of its requests".to_owned(),
        Measure::SuccessRate => "other responses of its targets, in % of its requests".to_owned(),
        Measure::Latency(percentile) => {
            format!("seconds until its targets answered, percentile {percentile}")
        }
        Measure::ConnectionErrors => "failed connections to its targets, in % of its requests".to_owned(),
        Measure::UnhealthyHosts => "how many targets were unhealthy, at the least, in a period".to_owned(),
        Measure::Custom(custom) => {
            let of = |query: &Query| {
                let dimensions: Vec<&str> = query.dimensions.keys().map(String::as_str).collect();
                let (namespace, metric) = (&query.namespace, &query.metric);
                format!(
                    "`{metric}` of `{namespace}` by `{}`, {}",
                    dimensions.join("`, `"),
                    query.statistic
                )
            };
            custom.metrics.values().map(of).collect::<Vec<_>>().join(", ")
        }
    }
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
                if ["doors", "capacity", "ab", "judge.rules"].contains(&section) {
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
                walk(&inner["additionalProperties"], page);
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
