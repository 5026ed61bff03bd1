//! What a release is made of. Parts are divided by NULs: the user-data template, then what flags say.

use std::path::PathBuf;

use swingbridge::config::ReleaseDefaults;
use swingbridge::config::release::{self as releases, ReleaseInput};
use swingbridge::model::release::Source;

/// The longest description that EC2 takes.
const DESCRIPTION: usize = 255;

pub fn release(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split('\0');
    let template = parts.next().unwrap_or_default();
    let mut given = || parts.next().filter(|part| !part.is_empty()).map(str::to_owned);
    let input = ReleaseInput {
        name: given(),
        image: given(),
        launch_template_version: given().and_then(|number| number.parse().ok()),
        user_data: (!template.is_empty()).then(|| PathBuf::from("user-data.sh.j2")),
        tags: given().into_iter().zip(given()).collect(),
        variant: given(),
    };
    let build = || {
        releases::build(&input, &ReleaseDefaults::default(), "shop", &|_| {
            Ok(template.to_owned())
        })
    };
    match build() {
        Ok(release) => {
            assert_eq!(
                build().ok().as_ref(),
                Some(&release),
                "the same inputs are the same release"
            );
            assert!(release.version_description("shop").chars().count() <= DESCRIPTION);
            if let Source::Build {
                user_data: Some(text),
                ..
            } = &release.source
            {
                assert!(text.len() <= 16 * 1024);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty(), "refused without a reason"),
    }
}
