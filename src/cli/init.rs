//! `init`: a starter configuration, or the one that fits what runs already.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::args::{Global, Init};
use super::failure::Failure;
use super::session::{ask, env, out, someone_is_there};
use crate::cloud::Cloud;
use crate::cloud::aws::{Aws, Connection};
use crate::config::discover::{Adoption, discover};
use crate::config::{self, FILE_NAME, Overrides};
use crate::model::estate::Estate;
use crate::model::rule_tag::RuleTag;
use crate::model::scope::{Generations, NameTemplate, Names, Scope};
use crate::model::tags::{self, Tags};
use crate::report::visible;

pub(super) async fn run(global: &Global, args: &Init) -> Result<u8, Failure> {
    let path = global.config.clone().unwrap_or_else(|| PathBuf::from(FILE_NAME));
    if path.exists() && !args.force {
        return Err(Failure::usage(
            format!("{} exists already", path.display()),
            "add --force to replace it, or --config FILE to write another",
        ));
    }
    if !args.from_aws {
        write(&path, &config::starter())?;
        out(&format!(
            "wrote {}; fill it in, then run `swingbridge check`\n",
            path.display()
        ))?;
        return Ok(0);
    }
    from_aws(global, args, &path).await
}

async fn from_aws(global: &Global, args: &Init, path: &Path) -> Result<u8, Failure> {
    let settings = &global.settings;
    let pick = |flag: &Option<String>, name: &str| flag.clone().or_else(|| env(name));
    let connection = Connection {
        region: pick(&settings.region, "SWINGBRIDGE_REGION"),
        profile: pick(&settings.profile, "SWINGBRIDGE_PROFILE"),
        endpoint: pick(&settings.endpoint_url, "SWINGBRIDGE_ENDPOINT_URL"),
    };
    let aws = Aws::connect(&connection).await?;
    let estate = aws
        .observe(&anything(settings.load_balancer.clone().unwrap_or_default())?)
        .await?;
    let look = |estate: &Estate| {
        discover(
            estate,
            args.listener,
            settings.app.as_deref(),
            settings.endpoint_url.as_deref(),
        )
        .map_err(|error| Failure::refused(error.to_string(), Vec::new()))
    };
    // What is written must be what the other commands can read; and only once the names are known
    // is the live generation looked at closely.
    let first = config::read(&look(&estate)?.config_text, path, &Overrides::default(), &|_| {
        None
    })?;
    let estate = aws.observe(&first.scope).await?;
    let found = look(&estate)?;
    let mut text = String::from("found\n");
    for line in &found.findings {
        text.push_str(&format!("  {}\n", visible(line)));
    }
    for line in &found.warnings {
        text.push_str(&format!("  ! {}\n", visible(line)));
    }
    out(&text)?;
    write(path, &found.config_text)?;
    out(&format!("wrote {}\n", path.display()))?;
    let adoption = &found.adopt;
    let what = format!(
        "{}, {} and {} doors",
        visible(adoption.group.as_str()),
        visible(adoption.target_group.as_str()),
        adoption.doors.len()
    );
    let tag = args.yes
        || (someone_is_there() && ask(&format!("Tag {what} as generation {}?", adoption.generation))?);
    if tag {
        adopt(&aws, &estate, adoption).await?;
        out(&format!("tagged {what} as generation {}\n", adoption.generation))?;
    } else {
        let elsewhere = adoption.doors.iter().any(|place| {
            let rule = estate.rule(&place.arn);
            let leads_to = rule.and_then(|rule| rule.action.only_target());
            let found = leads_to.and_then(|target_group| estate.target_group(target_group));
            leads_to.is_some() && found.is_none_or(|target_group| target_group.generation.is_none())
        });
        let but = if elsewhere {
            "; a door that leads to what is no generation only when you do (--yes)"
        } else {
            ""
        };
        out(&format!("tagged nothing; the first deploy tags {what}{but}\n"))?;
    }
    out("next: swingbridge check\n")?;
    Ok(0)
}

/// A scope that takes nothing for a generation: discovery looks at everything.
pub(super) fn anything(load_balancer: String) -> Result<Scope, Failure> {
    let nothing = |text: &str| {
        NameTemplate::try_from(text.to_owned()).map_err(|why| Failure::unexpected(anyhow::anyhow!(why)))
    };
    Ok(Scope {
        app: String::new(),
        load_balancer,
        names: Names {
            group: nothing("/{n}/")?,
            target_group: nothing("/{n}/")?,
            adopted: None,
            generations: Generations::Fresh,
        },
        image: None,
    })
}

pub(super) async fn adopt(aws: &Aws, estate: &Estate, adoption: &Adoption) -> Result<(), Failure> {
    let own = Tags::from([
        (tags::APP.to_owned(), adoption.app.clone()),
        (tags::GENERATION.to_owned(), adoption.generation.to_string()),
    ]);
    aws.tag_group(&adoption.group, &own, &[]).await?;
    if let Some(target_group) = estate.target_group(&adoption.target_group) {
        aws.tag(&target_group.arn, &own, &[]).await?;
    }
    let door = RuleTag::Door.tags(&adoption.app);
    for rule in &adoption.doors {
        aws.tag(&rule.arn, &door, &[]).await?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text)
        .with_context(|| format!("{} could not be written", path.display()))
        .map_err(Failure::unexpected)
}
