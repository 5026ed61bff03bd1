//! Renders a user-data template for one release.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};
use thiserror::Error;

use crate::model::tags::Tags;

/// What a template may say.
#[derive(Clone, Copy, Debug)]
pub struct Variables<'a> {
    pub app: &'a str,
    /// `None` until the release has a name.
    pub release: Option<&'a str>,
    pub image: Option<&'a str>,
    pub tags: &'a Tags,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UserDataError {
    #[error("{}:{line}: {variable} is not defined\n  {help}", .path.display())]
    Undefined {
        path: PathBuf,
        line: usize,
        variable: String,
        help: String,
    },
    #[error("{}:{line}: {message}\n  text with {{{{ or {{% that is not meant for the template goes between {{% raw %}} and {{% endraw %}}", .path.display())]
    Template {
        path: PathBuf,
        line: usize,
        message: String,
    },
}

/// `path` is for messages only.
pub fn render(template: &str, path: &Path, variables: &Variables<'_>) -> Result<String, UserDataError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // `${#list[@]}` is everyday shell; the usual `{#` would silently eat the script from there on.
    let syntax = SyntaxConfig::builder()
        .comment_delimiters("{#--", "--#}")
        .keep_trailing_newline(true)
        .build()
        .map_err(|error| failed(&error, path, variables))?;
    environment.set_syntax(syntax);
    let mut values = BTreeMap::from([
        ("app", Value::from(variables.app)),
        ("tags", Value::from(variables.tags.clone())),
    ]);
    values.extend(variables.release.map(|release| ("release", Value::from(release))));
    values.extend(variables.image.map(|image| ("image", Value::from(image))));
    environment
        .render_named_str(&path.to_string_lossy(), template, Value::from(values))
        .map_err(|error| failed(&error, path, variables))
}

fn failed(error: &minijinja::Error, path: &Path, variables: &Variables<'_>) -> UserDataError {
    let line = error.line().unwrap_or(1);
    let detail = error.detail().unwrap_or_default();
    if error.kind() != ErrorKind::UndefinedError {
        let message = match detail {
            "" => error.kind().to_string(),
            detail => format!("{}: {detail}", error.kind()),
        };
        return UserDataError::Template {
            path: path.to_owned(),
            line,
            message,
        };
    }
    // The engine says `` `name` is undefined``; where it cannot name it, its words are still true.
    let variable = detail
        .split('`')
        .nth(1)
        .map_or_else(|| "a variable".to_owned(), |name| format!("`{name}`"));
    UserDataError::Undefined {
        path: path.to_owned(),
        line,
        help: help_for(variable.trim_matches('`'), variables),
        variable,
    }
}

fn help_for(variable: &str, variables: &Variables<'_>) -> String {
    match variable {
        "release" => "name the release with --release".to_owned(),
        "image" => "name the image with --image".to_owned(),
        name => match name.strip_prefix("tags.") {
            Some(tag) => format!("give it with --tag {tag}=…, or in [release] tags"),
            None => {
                let known: Vec<String> = ["app", "release", "image"]
                    .map(str::to_owned)
                    .into_iter()
                    .chain(variables.tags.keys().map(|key| format!("tags.{key}")))
                    .collect();
                format!("known are {}", known.join(", "))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(template: &str) -> Result<String, String> {
        let tags = Tags::from([("team".to_owned(), "a".to_owned())]);
        let variables = Variables {
            app: "ks",
            release: Some("1.4.2"),
            image: None,
            tags: &tags,
        };
        render(template, Path::new("user-data.sh.j2"), &variables).map_err(|error| error.to_string())
    }

    #[test]
    fn a_template_is_filled_in_and_keeps_its_last_line_break() {
        assert_eq!(
            rendered("run {{ app }} {{ release }} {{ tags.team }}\n").expect("rendered"),
            "run ks 1.4.2 a\n"
        );
    }

    #[test]
    fn what_is_shell_stays_as_it_is() {
        let shell = "echo ${#list[@]} ${HOME} $(date) ${x%%.*} # {#} \"$#\"\n";
        assert_eq!(rendered(shell).expect("rendered"), shell);
    }

    #[test]
    fn a_variable_that_is_not_defined_is_named_with_its_line_and_its_way_out() {
        for (template, message) in [
            (
                "a\nb {{ image }}\n",
                "user-data.sh.j2:2: `image` is not defined\n  name the image with --image",
            ),
            (
                "{{ tags.colour }}",
                "user-data.sh.j2:1: `tags.colour` is not defined\n  give it with --tag colour=…, or in [release] tags",
            ),
            (
                "\n\n{{ relaese }}",
                "user-data.sh.j2:3: `relaese` is not defined\n  known are app, release, image, tags.team",
            ),
        ] {
            assert_eq!(rendered(template), Err(message.to_owned()));
        }
    }

    #[test]
    fn a_template_may_ask_whether_there_is_an_image() {
        let asks = "{% if image is defined %}x{% else %}none{% endif %}";
        assert_eq!(rendered(asks).expect("rendered"), "none");
    }

    #[test]
    fn text_that_only_looks_like_a_template_is_explained() {
        let text = rendered("one\ndocker ps --format '{{.Names}}'\n").expect_err("refused");
        assert!(text.starts_with("user-data.sh.j2:2: syntax error"), "{text}");
        assert!(text.contains("between {% raw %} and {% endraw %}"), "{text}");
    }

    #[test]
    fn the_example_renders_and_tells_its_placeholder() {
        let example = include_str!("../../templates/user-data.sh.j2");
        let text = rendered(example).expect("rendered");
        assert!(
            text.contains("fills in {{ release }}") && text.contains("RELEASE=\"1.4.2\""),
            "{text}"
        );
    }
}
