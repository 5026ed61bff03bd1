//! What to observe: one app on one load balancer, and how its generations are named.

use serde::{Deserialize, Serialize};

use super::ids::{Generation, GroupName, TargetGroupName};
use super::tags::{self, Tags};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    pub app: String,
    /// A name or a full ARN.
    pub load_balancer: String,
    pub names: Names,
    /// An image that a release asks for, to be looked up as well.
    pub image: Option<String>,
}

/// How generations are told apart by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    pub group: NameTemplate,
    pub target_group: NameTemplate,
    /// A generation that was there before us, under names that the templates do not make.
    pub adopted: Option<Adopted>,
    #[serde(default, skip_serializing_if = "Generations::is_fresh")]
    pub generations: Generations,
}

/// Which group a generation gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Generations {
    /// One of its own.
    #[default]
    Fresh,
    /// One of two that stay and take turns.
    Pair,
}

impl Generations {
    // serde asks by reference.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "it is called by serde")]
    fn is_fresh(&self) -> bool {
        *self == Self::Fresh
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    pub generation: Generation,
    pub group: GroupName,
    pub target_group: TargetGroupName,
}

/// A name with one `{n}` in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NameTemplate {
    before: String,
    after: String,
}

impl NameTemplate {
    pub const PLACE: &str = "{n}";

    pub fn name(&self, generation: Generation) -> String {
        format!("{}{generation}{}", self.before, self.after)
    }

    /// The generation whose name this is. `tg-07` is not one: we would never make it.
    pub fn number_of(&self, name: &str) -> Option<Generation> {
        let digits = name
            .strip_prefix(self.before.as_str())?
            .strip_suffix(self.after.as_str())?;
        let number: u32 = digits.parse().ok()?;
        (number.to_string() == digits).then_some(Generation(number))
    }
}

impl TryFrom<String> for NameTemplate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(Self::PLACE) {
            Some((before, after)) if !after.contains(Self::PLACE) => Ok(Self {
                before: before.to_owned(),
                after: after.to_owned(),
            }),
            _ => Err(format!(
                "`{text}` must contain {} exactly once, where the generation's number goes",
                Self::PLACE
            )),
        }
    }
}

impl From<NameTemplate> for String {
    fn from(template: NameTemplate) -> Self {
        format!("{}{}{}", template.before, NameTemplate::PLACE, template.after)
    }
}

impl Names {
    /// Which generation of `app` a target group is. Tags are believed before names.
    pub fn generation_of_target_group(
        &self,
        app: &str,
        name: &TargetGroupName,
        tags: &Tags,
    ) -> Option<Generation> {
        match &self.adopted {
            Some(adopted) if adopted.target_group == *name => Some(adopted.generation),
            _ => tagged(app, tags).unwrap_or_else(|| self.target_group.number_of(name.as_str())),
        }
    }

    pub fn generation_of_group(&self, app: &str, name: &GroupName, tags: &Tags) -> Option<Generation> {
        if tags::is_vacant(tags, app) {
            return None;
        }
        let tagged = tagged(app, tags);
        // One of a pair goes on to other generations, and only its tags say to which.
        let goes_on = self.keeps(name) && matches!(tagged, Some(Some(_)));
        match &self.adopted {
            Some(adopted) if adopted.group == *name && !goes_on => Some(adopted.generation),
            _ => tagged.unwrap_or_else(|| self.group.number_of(name.as_str())),
        }
    }

    /// The two groups that take turns, where they do.
    pub fn pair(&self) -> Option<[GroupName; 2]> {
        let group = |number| GroupName::new(self.group.name(Generation(number)));
        (self.generations == Generations::Pair).then(|| [group(1), group(2)])
    }

    /// Whether a group stays when its generation goes.
    pub fn keeps(&self, group: &GroupName) -> bool {
        self.pair().is_some_and(|pair| pair.contains(group))
    }
}

/// `Some(None)` when the tags say that it belongs to another app.
fn tagged(app: &str, tags: &Tags) -> Option<Option<Generation>> {
    let owner = tags.get(tags::APP)?;
    if owner != app {
        return Some(None);
    }
    let number = tags.get(tags::GENERATION)?.parse().ok()?;
    Some(Some(Generation(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> NameTemplate {
        NameTemplate::try_from(text.to_owned()).expect("a valid template")
    }

    #[test]
    fn a_template_finds_the_number_in_the_names_it_makes_and_in_no_others() {
        let tg = template("shop-tg-{n}");
        assert_eq!(tg.number_of(&tg.name(Generation(12))), Some(Generation(12)));
        for other in [
            "shop-tg-",
            "shop-tg-x",
            "shop-tg-07",
            "tg-7",
            "shop-tg-7-blue",
            "shop-tg--7",
        ] {
            assert_eq!(tg.number_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_template_without_exactly_one_place_for_the_number_is_refused() {
        for bad in ["tg", "tg-{n}-{n}", ""] {
            assert!(NameTemplate::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn tags_are_believed_before_names() {
        let names = Names {
            group: template("asg-{n}"),
            target_group: template("tg-{n}"),
            adopted: None,
            generations: Generations::Fresh,
        };
        let ours: Tags = [(tags::APP, "shop"), (tags::GENERATION, "4")]
            .map(|(k, v)| (k.into(), v.into()))
            .into();
        let name = TargetGroupName::from("tg-9");
        assert_eq!(
            names.generation_of_target_group("shop", &name, &ours),
            Some(Generation(4))
        );
        assert_eq!(names.generation_of_target_group("other", &name, &ours), None);
        assert_eq!(
            names.generation_of_target_group("shop", &name, &Tags::new()),
            Some(Generation(9))
        );
    }

    #[test]
    fn one_of_a_pair_holds_what_its_tags_say_whatever_it_is_called() {
        let names = |generations| Names {
            group: template("asg-{n}"),
            target_group: template("tg-{n}"),
            adopted: Some(Adopted {
                generation: Generation(1),
                group: GroupName::from("asg-1"),
                target_group: TargetGroupName::from("shop"),
            }),
            generations,
        };
        let pair = names(Generations::Pair);
        let tagged = |value: &str| -> Tags {
            [(tags::APP, "shop"), (tags::GENERATION, value)]
                .map(|(k, v)| (k.into(), v.into()))
                .into()
        };
        let of = |names: &Names, name: &str, tags: &Tags| {
            names.generation_of_group("shop", &GroupName::from(name), tags)
        };
        assert_eq!(of(&pair, "asg-1", &Tags::new()), Some(Generation(1)));
        assert_eq!(of(&pair, "asg-1", &tagged("5")), Some(Generation(5)));
        for name in ["asg-1", "asg-2", "asg-9"] {
            for names in [&pair, &names(Generations::Fresh)] {
                assert_eq!(of(names, name, &tagged(tags::VACANT)), None, "{name}");
            }
        }
        // Of groups of their own what is configured is believed first.
        assert_eq!(
            of(&names(Generations::Fresh), "asg-1", &tagged("5")),
            Some(Generation(1))
        );
    }
}
