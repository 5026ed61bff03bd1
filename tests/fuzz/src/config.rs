//! `swingbridge.toml` and the environment over it. The file ends at the first NUL; the variables' values follow.

use std::collections::BTreeMap;
use std::path::Path;

use swingbridge::config::{self, CONFIG, ConfigError, Overrides, SETTINGS};

pub fn config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split('\0');
    let file = parts.next().unwrap_or_default();
    let names = SETTINGS.iter().map(|setting| setting.env);
    let env: BTreeMap<&str, &str> = names
        .chain(["HOME", "XDG_STATE_HOME", CONFIG])
        .zip(parts)
        .collect();
    let read = config::read(
        file,
        Path::new("swingbridge.toml"),
        &Overrides::default(),
        &|name| env.get(name).map(|value| (*value).to_owned()),
    );
    match read {
        Ok(config) => {
            let saved = serde_json::to_string(&config.policy).expect("an accepted policy can be saved");
            let read = serde_json::from_str(&saved).expect("and read again");
            assert_eq!(config.policy, read, "what is saved is what is read");
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(matches!(error, ConfigError::Invalid(_)), "{error:?}");
            assert!(!error.problems().is_empty(), "refused without a reason");
            for problem in error.problems() {
                assert!(
                    !problem.message.is_empty() && !problem.help.is_empty(),
                    "{problem:?}"
                );
            }
        }
    }
}
