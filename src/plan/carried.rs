//! The copied / changed / not-copied list of a clone, from the clone table and what was observed.

use super::Context;
use super::clone::Clone;
use crate::model::clone::{self as table, Carried, CloneRule, How, Treatment};
use crate::model::estate::AttachmentKind;

pub(super) fn list(context: &Context<'_>, clone: &Clone<'_>) -> Vec<Carried> {
    let mut all = settings(
        table::TARGET_GROUP,
        clone.target_group.as_str(),
        &clone.original_tg.settings,
    );
    all.push(Carried {
        of: clone.target_group.to_string(),
        field: "attributes".into(),
        how: How::Copied,
        value: format!("{} of them", clone.original_tg.attributes.len()),
        why: String::new(),
    });
    let group = clone.group.as_str();
    all.extend(settings(table::GROUP, group, &clone.original.settings));
    let size = clone.size(context.policy.capacity);
    let minimum = clone.minimum(context.policy.capacity);
    let versions: Vec<String> = clone
        .versions
        .iter()
        .map(|pick| pick.version.to_string())
        .collect();
    for (field, value) in [
        ("MinSize", format!("{} until promotion, then {minimum}", size.min)),
        ("DesiredCapacity", size.desired.to_string()),
        ("LaunchTemplate", format!("version {}", versions.join(", "))),
        ("TargetGroupARNs", clone.target_group.to_string()),
    ] {
        let why = table::rule_for(table::GROUP, field).map_or("", |rule| rule.why);
        all.push(line(group, field, How::Changed, value, why));
    }
    let max = if size.max == clone.original.size.max {
        How::Copied
    } else {
        How::Changed
    };
    all.push(line(
        group,
        "MaxSize",
        max,
        size.max.to_string(),
        "live's, or as configured",
    ));
    attachments(clone, &mut all);
    all
}

/// One line for each member that is set on the original and that the table says something about.
fn settings(
    table: &'static [CloneRule],
    of: &str,
    set: &std::collections::BTreeMap<String, String>,
) -> Vec<Carried> {
    set.iter()
        .filter_map(|(field, value)| {
            let rule = table::rule_for(table, field)?;
            let how = match (rule.treatment, field.as_str()) {
                (Treatment::Copy, _) => How::Copied,
                (Treatment::Transform, "AvailabilityZones") if set.contains_key("VPCZoneIdentifier") => {
                    How::NotCopied
                }
                (Treatment::Transform, "ServiceLinkedRoleARN")
                    if value.ends_with("AWSServiceRoleForAutoScaling") =>
                {
                    How::NotCopied
                }
                (Treatment::Transform, "AvailabilityZones" | "ServiceLinkedRoleARN") => How::Copied,
                (Treatment::Transform | Treatment::Separately, _) => How::Changed,
                (Treatment::Leave | Treatment::Refuse | Treatment::InputOnly, _) => How::NotCopied,
            };
            Some(line(of, field, how, value.clone(), rule.why))
        })
        .collect()
}

fn attachments(clone: &Clone<'_>, all: &mut Vec<Carried>) {
    let group = clone.group.as_str();
    for attachment in &clone.original.attachments {
        let (how, why) = match (&attachment.stays, attachment.kind) {
            (Some(why), _) => (How::NotCopied, why.as_str()),
            (None, AttachmentKind::Policy | AttachmentKind::Alarm) => (
                How::Changed,
                "labels and dimensions name the clone and its target group",
            ),
            (None, _) => (How::Copied, ""),
        };
        all.push(line(
            group,
            &format!("{}: {}", attachment.kind.plural(), attachment.name),
            how,
            attachment.detail.clone(),
            why,
        ));
    }
    for process in clone.suspended() {
        let stays = process == "AddToLoadBalancer" || process == "Launch";
        all.push(line(
            group,
            &format!("suspended process: {process}"),
            if stays { How::NotCopied } else { How::Copied },
            "suspended".into(),
            if stays {
                "no target could register without it"
            } else {
                ""
            },
        ));
    }
}

fn line(of: &str, field: &str, how: How, value: String, why: &str) -> Carried {
    Carried {
        of: of.to_owned(),
        field: field.to_owned(),
        how,
        value,
        why: why.to_owned(),
    }
}
