//! Builds the release that a deploy is asked for, and refuses one that contradicts itself.

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::user_data::{self, UserDataError, Variables};
use super::{ReleaseDefaults, naming};
use crate::model::release::{Release, Source};
use crate::model::tags::Tags;

/// What the flags say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseInput {
    pub name: Option<String>,
    pub launch_template_version: Option<u64>,
    pub image: Option<String>,
    /// A user-data template.
    pub user_data: Option<PathBuf>,
    pub tags: Vec<(String, String)>,
    /// The variant of a test that it is.
    pub variant: Option<String>,
}

#[derive(Debug, Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ReleaseError(pub Vec<ReleaseProblem>);

#[derive(Debug, Error)]
pub enum ReleaseProblem {
    #[error(
        "nothing says what the new version is\n  pass --launch-template-version, --image or --user-data, or set \
         `user_data` in [release]"
    )]
    Nothing,
    #[error(
        "--launch-template-version names a version that exists, {flag} makes another one\n  pass one of the two"
    )]
    VersionAndBuild { flag: &'static str },
    #[error(
        "launch template versions count from 1\n  `aws ec2 describe-launch-template-versions` lists them"
    )]
    NoVersionZero,
    #[error("--image {image:?} is not an image id\n  write it like ami-0123456789abcdef0")]
    NotAnImage { image: String },
    #[error(
        "the release's name {why}\n  use at most 128 letters, digits, spaces and _ . : / = + - @, for instance 1.4.2"
    )]
    Name { why: String },
    #[error(
        "tag `{key}` {why}\n  AWS allows letters, digits, spaces and _ . : / = + - @, keys to 128 and values to 256"
    )]
    Tag { key: String, why: String },
    #[error("release {release} is not made of what its digest says\n  make the plan again")]
    OtherInputs { release: String },
    #[error("tag `{key}` is given twice, as `{first}` and as `{second}`\n  remove one of the two")]
    TagTwice {
        key: String,
        first: String,
        second: String,
    },
    #[error("cannot read {}: {source}\n  a path in [release] is relative to its file, one in a flag to the current folder", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(transparent)]
    UserData(#[from] UserDataError),
    #[error("{} makes {bytes} bytes of user data, and AWS takes 16384\n  let the script fetch what is large", .path.display())]
    UserDataTooLong { path: PathBuf, bytes: usize },
}

/// AWS's limit on user data, before it is encoded.
const LONGEST_USER_DATA: usize = 16 * 1024;
const LONGEST_NAME: usize = 128;

/// Flags beat the configured defaults; `read` gives the text of the user-data template.
pub fn build(
    input: &ReleaseInput,
    defaults: &ReleaseDefaults,
    app: &str,
    read: &dyn Fn(&Path) -> io::Result<String>,
) -> Result<Release, ReleaseError> {
    let mut problems = Vec::new();
    let tags = tags_of(input, defaults, &mut problems);
    if let Some(name) = &input.name
        && let Some(why) = name_problem(name)
    {
        problems.push(ReleaseProblem::Name { why });
    }
    let source = source_of(input, defaults, app, &tags, read, &mut problems);
    match source {
        Some(source) if problems.is_empty() => {
            let inputs = inputs_of(&source);
            Ok(Release {
                name: input.name.clone().unwrap_or_else(|| default_name(&source)),
                inputs,
                source,
                tags,
                variant: input.variant.clone(),
            })
        }
        _ => Err(ReleaseError(problems)),
    }
}

/// The same rules for a release that a saved plan carries, which anybody may have written.
pub fn verify(release: &Release) -> Result<(), ReleaseError> {
    let mut problems = Vec::new();
    if let Some(why) = name_problem(&release.name) {
        problems.push(ReleaseProblem::Name { why });
    }
    for (key, value) in &release.tags {
        if let Some(why) = naming::tag_problem(key, value) {
            problems.push(ReleaseProblem::Tag {
                key: key.clone(),
                why,
            });
        }
    }
    if release.inputs != inputs_of(&release.source) {
        problems.push(ReleaseProblem::OtherInputs {
            release: release.name.clone(),
        });
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(ReleaseError(problems))
    }
}

/// `None` only after saying why.
fn source_of(
    input: &ReleaseInput,
    defaults: &ReleaseDefaults,
    app: &str,
    tags: &Tags,
    read: &dyn Fn(&Path) -> io::Result<String>,
    problems: &mut Vec<ReleaseProblem>,
) -> Option<Source> {
    if let Some(number) = input.launch_template_version {
        let builds = [
            (input.image.is_some(), "--image"),
            (input.user_data.is_some(), "--user-data"),
        ];
        for (_, flag) in builds.into_iter().filter(|(given, _)| *given) {
            problems.push(ReleaseProblem::VersionAndBuild { flag });
        }
        if number == 0 {
            problems.push(ReleaseProblem::NoVersionZero);
        }
        // A version that exists carries its own user data: the configured template is not for it.
        return Some(Source::Version { number });
    }
    if let Some(image) = &input.image {
        let id = image.strip_prefix("ami-").unwrap_or_default();
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric()) {
            problems.push(ReleaseProblem::NotAnImage { image: image.clone() });
        }
    }
    let template = input.user_data.as_ref().or(defaults.user_data.as_ref());
    let user_data = match template {
        Some(path) => {
            let variables = Variables {
                app,
                release: input.name.as_deref().or(input.image.as_deref()),
                image: input.image.as_deref(),
                tags,
            };
            match rendered(path, &variables, read) {
                Ok(text) => Some(text),
                Err(problem) => {
                    problems.push(problem);
                    return None;
                }
            }
        }
        None => None,
    };
    if user_data.is_none() && input.image.is_none() {
        problems.push(ReleaseProblem::Nothing);
        return None;
    }
    Some(Source::Build {
        image: input.image.clone(),
        user_data,
    })
}

fn rendered(
    path: &Path,
    variables: &Variables<'_>,
    read: &dyn Fn(&Path) -> io::Result<String>,
) -> Result<String, ReleaseProblem> {
    let template = read(path).map_err(|source| ReleaseProblem::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let text = user_data::render(&template, path, variables)?;
    if text.len() > LONGEST_USER_DATA {
        return Err(ReleaseProblem::UserDataTooLong {
            path: path.to_owned(),
            bytes: text.len(),
        });
    }
    Ok(text)
}

fn tags_of(input: &ReleaseInput, defaults: &ReleaseDefaults, problems: &mut Vec<ReleaseProblem>) -> Tags {
    let mut given = Tags::new();
    for (key, value) in &input.tags {
        if let Some(why) = naming::tag_problem(key, value) {
            problems.push(ReleaseProblem::Tag {
                key: key.clone(),
                why,
            });
        }
        if let Some(first) = given.insert(key.clone(), value.clone())
            && first != *value
        {
            problems.push(ReleaseProblem::TagTwice {
                key: key.clone(),
                first,
                second: value.clone(),
            });
        }
    }
    let mut all = defaults.tags.clone();
    all.extend(given);
    all
}

fn name_problem(name: &str) -> Option<String> {
    if name.trim().is_empty() {
        Some("is empty".into())
    } else if name.chars().count() > LONGEST_NAME {
        Some(format!("has {} characters", name.chars().count()))
    } else {
        // It becomes a tag's value.
        naming::tag_problem("release", name)
    }
}

fn default_name(source: &Source) -> String {
    match source {
        Source::Version { number } => format!("lt-{number}"),
        Source::Build {
            image: Some(image), ..
        } => image.clone(),
        Source::Build { image: None, .. } => format!("user-data-{}", inputs_of(source)),
    }
}

/// Twelve hex digits of a digest of the source: enough to tell releases apart, short enough to read.
fn inputs_of(source: &Source) -> String {
    let mut digest = Sha256::new();
    let mut part = |text: &str| {
        // With its length, so that no two sources run together into the same bytes.
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    };
    match source {
        Source::Version { number } => {
            part("version");
            part(&number.to_string());
        }
        Source::Build { image, user_data } => {
            part("build");
            for optional in [image, user_data] {
                part(if optional.is_some() { "some" } else { "none" });
                part(optional.as_deref().unwrap_or_default());
            }
        }
    }
    digest
        .finalize()
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> ReleaseInput {
        ReleaseInput::default()
    }

    fn built(input: &ReleaseInput, defaults: &ReleaseDefaults, template: &str) -> Result<Release, String> {
        build(input, defaults, "ks", &|_| Ok(template.to_owned())).map_err(|error| error.to_string())
    }

    fn with_template() -> ReleaseDefaults {
        ReleaseDefaults {
            user_data: Some("user-data.sh.j2".into()),
            tags: [("team".to_owned(), "a".to_owned())].into(),
        }
    }

    #[test]
    fn a_release_without_a_name_is_called_by_what_it_is_made_of() {
        let version = ReleaseInput {
            launch_template_version: Some(5),
            ..input()
        };
        let image = ReleaseInput {
            image: Some("ami-0abc".into()),
            ..input()
        };
        let name = |input: &ReleaseInput, defaults| built(input, &defaults, "echo hi\n").expect("built").name;
        assert_eq!(name(&version, with_template()), "lt-5");
        assert_eq!(name(&image, ReleaseDefaults::default()), "ami-0abc");
        let user_data = name(&input(), with_template());
        assert!(
            user_data.starts_with("user-data-") && user_data.len() == 22,
            "{user_data}"
        );
    }

    #[test]
    fn the_inputs_change_with_the_source_and_with_nothing_else() {
        let of = |name: &str, template: &str| {
            let named = ReleaseInput {
                name: Some(name.into()),
                ..input()
            };
            built(&named, &with_template(), template).expect("built").inputs
        };
        assert_eq!(of("1.0", "same"), of("2.0", "same"));
        assert_ne!(of("1.0", "{{ release }}"), of("2.0", "{{ release }}"));
        assert_eq!(of("1.0", "same").len(), 12);
    }

    #[test]
    fn a_version_leaves_the_configured_template_alone() {
        let version = ReleaseInput {
            launch_template_version: Some(5),
            ..input()
        };
        let release = build(&version, &with_template(), "ks", &|_| {
            Err(io::Error::other("must not be read"))
        });
        assert_eq!(release.expect("built").source, Source::Version { number: 5 });
    }

    #[test]
    fn tags_of_flags_beat_those_of_the_file_and_reach_the_template() {
        let tagged = ReleaseInput {
            name: Some("1.0".into()),
            tags: vec![("team".into(), "b".into())],
            ..input()
        };
        let release = built(&tagged, &with_template(), "{{ tags.team }}").expect("built");
        let Source::Build { user_data, .. } = &release.source else {
            panic!("a build");
        };
        assert_eq!(user_data.as_deref(), Some("b"));
        assert_eq!(release.tags["team"], "b");
    }

    #[test]
    fn every_contradiction_is_said_at_once_with_its_way_out() {
        let wrong = ReleaseInput {
            name: Some("a?b".into()),
            launch_template_version: Some(0),
            image: Some("ami-1".into()),
            user_data: Some("x.j2".into()),
            tags: vec![
                ("aws:x".into(), "1".into()),
                ("Swingbridge:app".into(), "1".into()),
                ("a".into(), "1".into()),
                ("a".into(), "2".into()),
            ],
            variant: None,
        };
        let text = built(&wrong, &ReleaseDefaults::default(), "").expect_err("refused");
        for part in [
            "the release's name has '?' in it",
            "--launch-template-version names a version that exists, --image makes another one",
            "--launch-template-version names a version that exists, --user-data makes another one",
            "versions count from 1",
            "tag `aws:x` begins with `aws:`, which is reserved",
            "tag `Swingbridge:app` begins with `swingbridge:`, which is reserved",
            "tag `a` is given twice, as `1` and as `2`",
        ] {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
    }

    #[test]
    fn a_release_of_nothing_is_refused() {
        let named = ReleaseInput {
            name: Some("1.0".into()),
            ..input()
        };
        let text = built(&named, &ReleaseDefaults::default(), "").expect_err("refused");
        assert!(
            text.starts_with("nothing says what the new version is\n  pass --launch-template-version"),
            "{text}"
        );
    }

    #[test]
    fn user_data_longer_than_aws_takes_is_refused() {
        let text = built(&input(), &with_template(), &"x".repeat(16385)).expect_err("refused");
        assert!(text.contains("makes 16385 bytes of user data"), "{text}");
        assert!(built(&input(), &with_template(), &"x".repeat(16384)).is_ok());
    }
}
