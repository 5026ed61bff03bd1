//! Release flags and defaults become an intent.

use super::args::ReleaseArgs;
use super::failure::Failure;
use crate::config::Config;
use crate::config::release::{self, ReleaseInput};
use crate::model::plan::Intent;
use crate::model::release::Source;

/// What is to be deployed. The image is looked up with the next observation.
pub(super) fn intent(config: &mut Config, args: &ReleaseArgs) -> Result<Intent, Failure> {
    let input = ReleaseInput {
        name: args.release.clone(),
        launch_template_version: args.launch_template_version,
        image: args.image.clone(),
        user_data: args.user_data.clone(),
        tags: args.tags.clone(),
    };
    let release = release::build(&input, &config.release, &config.app, &|path| {
        std::fs::read_to_string(path)
    })?;
    if let Source::Build { image, .. } = &release.source {
        config.scope.image = image.clone();
    }
    Ok(Intent::Deploy { release })
}
