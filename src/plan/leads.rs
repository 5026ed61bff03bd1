//! Rules that lead some requests to one variant, whatever the weights are: by the header that decides, and as doors of some
//! of the users.

use super::preflight::Place;
use super::{Context, swing};
use crate::model::ab::{By, Test, Variant};
use crate::model::ids::TargetGroupName;
use crate::model::plan::Note;
use crate::model::refusal::Reason;
use crate::model::routing::{Action, Asks, Condition, Priority, Rule};
use crate::model::step::{Purpose, Step};

/// One such rule, as configured.
struct Lead<'a> {
    place: Place,
    condition: Condition,
    variant: &'a Variant,
}

fn leads<'a>(context: &'a Context<'_>, test: &'a Test) -> Vec<Lead<'a>> {
    let mut all = Vec::new();
    if let By::Header { name: header } = &test.by {
        // On every listener that has a route.
        let mut ports: Vec<u16> = context.roles.routes.iter().map(|rule| rule.port).collect();
        ports.dedup();
        for port in ports {
            all.extend(test.deployed().filter_map(|variant| {
                Some(Lead {
                    place: Place {
                        port,
                        priority: variant.priority?,
                        what: format!("variant {}", variant.name),
                        setting: format!("the priority of {} under [ab]", variant.name),
                    },
                    condition: Condition::Header {
                        name: header.clone(),
                        values: vec![variant.name.clone()],
                    },
                    variant,
                })
            }));
        }
    }
    for door in &context.policy.user_doors {
        let Some(variant) = door.variant.as_ref().and_then(|name| test.get(name)) else {
            continue;
        };
        all.extend(door.ports.iter().map(|port| Lead {
            place: Place::of(door, *port),
            condition: door.condition.clone(),
            variant,
        }));
    }
    all
}

/// Places that are taken, or that a route comes before. `leaving`: rules of ours that will have made room by then.
pub(super) fn misplaced(context: &Context<'_>, test: &Test, leaving: &[&Rule]) -> Vec<Reason> {
    let ours: Vec<&Rule> = context
        .roles
        .variant_rules
        .iter()
        .chain(leaving)
        .copied()
        .collect();
    let all = leads(context, test).into_iter();
    all.flat_map(|lead| lead.place.problems(context, &ours)).collect()
}

/// How many of them are still to be made.
pub(super) fn missing(context: &Context<'_>, test: &Test) -> usize {
    let all = leads(context, test);
    all.iter()
        .filter(|lead| standing(context, lead).is_none())
        .count()
}

/// Whether the header that decides still leads to every variant on every listener, wherever its rules stand there.
pub(super) fn header_leads(context: &Context<'_>, test: &Test) -> bool {
    let all = leads(context, test);
    let mut of_header = all.iter().filter(|lead| is_of_header(test, &lead.condition));
    of_header.all(|lead| {
        let mut rules = context.roles.variant_rules.iter();
        rules.any(|rule| rule.port == lead.place.port && asks(rule, &lead.condition))
    })
}

fn is_of_header(test: &Test, condition: &Condition) -> bool {
    matches!((&test.by, condition), (By::Header { name: decides }, Condition::Header { name, .. })
        if name.eq_ignore_ascii_case(decides))
}

fn standing<'a>(context: &'a Context<'_>, lead: &Lead<'_>) -> Option<&'a Rule> {
    let mut rules = context.roles.variant_rules.iter();
    let found = rules.find(|rule| {
        rule.port == lead.place.port
            && rule.priority == Priority::Numbered(lead.place.priority)
            && asks(rule, &lead.condition)
    });
    found.copied()
}

/// Every such rule, and then none that nobody asks for any more. `at`: where a variant is met.
pub(super) fn rules<'a>(
    context: &Context<'_>,
    test: &Test,
    at: impl Fn(&Variant) -> &'a TargetGroupName,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut kept = Vec::new();
    for lead in leads(context, test) {
        let action = Action::to(at(lead.variant));
        steps.push(match standing(context, &lead) {
            Some(rule) => {
                kept.push(rule.arn.clone());
                swing::point(rule, Purpose::Variant, action)
            }
            None => Step::CreateRule {
                port: lead.place.port,
                priority: lead.place.priority,
                purpose: Purpose::Variant,
                asks: Asks::This(lead.condition),
                action,
            },
        });
    }
    let wanted: Vec<(u16, Priority)> = leads(context, test)
        .iter()
        .map(|lead| (lead.place.port, Priority::Numbered(lead.place.priority)))
        .collect();
    let gone = close(context)
        .into_iter()
        .filter(|step| !matches!(step, Step::DeleteRule { rule, .. } if kept.contains(&rule.arn)));
    // Only what stands where another is to stand goes before it: until then its users meet whom they met.
    let (first, last): (Vec<Step>, Vec<Step>) = gone.partition(
        |step| matches!(step, Step::DeleteRule { rule, .. } if wanted.contains(&(rule.port, rule.priority))),
    );
    first.into_iter().chain(steps).chain(last).collect()
}

/// Whether a rule asks for this and for nothing else. In the names of headers upper and lower case are the same.
fn asks(rule: &Rule, wanted: &Condition) -> bool {
    match (rule.conditions.as_slice(), wanted) {
        (
            [Condition::Header { name, values }],
            Condition::Header {
                name: wanted,
                values: these,
            },
        ) => name.eq_ignore_ascii_case(wanted) && values == these,
        (conditions, wanted) => conditions == [wanted.clone()],
    }
}

/// Nobody is led to a variant by anything but chance any more. The header's rules go first: that they are missing tells
/// that a test by header is being taken back.
pub(super) fn close(context: &Context<'_>) -> Vec<Step> {
    let mut rules = context.roles.variant_rules.clone();
    let test = context.policy.ab.as_ref();
    rules.sort_by_key(|rule| {
        let of_header = |condition| test.is_some_and(|test| is_of_header(test, condition));
        !rule.conditions.iter().any(of_header)
    });
    rules
        .iter()
        .map(|rule| Step::DeleteRule {
            rule: rule.at(),
            purpose: Purpose::Variant,
        })
        .collect()
}

/// What whoever reads the numbers should know.
pub(super) fn notes(context: &Context<'_>) -> Option<Note> {
    let doors = context.policy.user_doors.iter();
    let led: Vec<String> = doors
        .filter_map(|door| Some(format!("{} to {}", door.name, door.variant.as_ref()?)))
        .collect();
    (!led.is_empty()).then(|| {
        Note::info(format!(
            "doors lead {}: they are no chance sample, and count in what is measured of it",
            led.join(", ")
        ))
    })
}
