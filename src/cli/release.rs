//! Release flags and defaults become an intent.

use super::args::ReleaseArgs;
use super::failure::Failure;
use super::session::Session;
use crate::cloud::CloudError;
use crate::config::Config;
use crate::config::release::{self, ReleaseInput};
use crate::model::plan::{Intent, Plan};
use crate::model::release::Source;
use crate::model::step::Step;

/// What is to be deployed. The image is looked up with the next observation.
pub(super) fn intent(config: &mut Config, args: &ReleaseArgs) -> Result<Intent, Failure> {
    is_what_is_configured(config, args.variant.as_deref())?;
    let input = ReleaseInput {
        name: args.release.clone(),
        launch_template_version: args.launch_template_version,
        image: args.image.clone(),
        user_data: args.user_data.clone(),
        tags: args.tags.clone(),
        variant: args.variant.clone(),
    };
    let release = release::build(&input, &config.release, &config.app, &|path| {
        std::fs::read_to_string(path)
    })?;
    if let Source::Build { image, .. } = &release.source {
        config.scope.image = image.clone();
    }
    Ok(Intent::Deploy { release })
}

/// With a test every release is one of its variants, and without one none is.
fn is_what_is_configured(config: &Config, variant: Option<&str>) -> Result<(), Failure> {
    let names: Vec<&str> = config
        .policy
        .ab
        .iter()
        .flat_map(|test| test.deployed())
        .map(|one| one.name.as_str())
        .collect();
    match (variant, names.as_slice()) {
        (None, []) => Ok(()),
        (None, names) => Err(Failure::usage(
            "with strategy ab a release is deployed as a variant",
            format!("add --variant NAME; [ab] has {}", names.join(", ")),
        )),
        (Some(name), []) => Err(Failure::usage(
            format!("--variant {name} is for strategy ab, and another one is configured"),
            "leave it out, or set `strategy = \"ab\"` with its [ab]",
        )),
        (Some(name), names) if !names.contains(&name) => Err(Failure::usage(
            format!("{name} is no variant that is deployed"),
            format!("[ab] has {}", names.join(", ")),
        )),
        _ => Ok(()),
    }
}

/// Refuses a plan that makes a launch template version when AWS says that we may not: the one permission that can be
/// known before anything is changed.
pub(super) async fn may_be_built(session: &Session, plan: &Plan) -> Result<(), Failure> {
    for step in &plan.steps {
        if let Step::BuildTemplateVersion { template, source, .. } = step
            && let Err(denied @ CloudError::Denied { .. }) =
                session.aws.can_build_version(template, *source).await
        {
            return Err(denied.into());
        }
    }
    Ok(())
}
