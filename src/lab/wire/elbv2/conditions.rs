//! Rule conditions on the wire.

use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::balancing::conditions::Condition;

/// Nothing when the input does not say.
pub(super) fn read(input: &Tree) -> Result<Option<Vec<Condition>>, Refused> {
    let conditions = input
        .items("Conditions")
        .iter()
        .map(read_one)
        .collect::<Result<Vec<_>, _>>()?;
    Ok((!conditions.is_empty()).then_some(conditions))
}

fn read_one(condition: &Tree) -> Result<Condition, Refused> {
    let field = condition.need("Field")?;
    let empty = Tree::map();
    let config = condition.get(member(field)?).unwrap_or(&empty);
    if !condition.items("RegexValues").is_empty() || !config.items("RegexValues").is_empty() {
        return Err(Refused::invalid(format!(
            "RegexValues, here of a '{field}' condition, is not supported by this lab"
        )));
    }
    Ok(match field {
        "host-header" => Condition::Host(plain_or_configured(condition, config)?),
        "path-pattern" => Condition::Path(plain_or_configured(condition, config)?),
        "http-header" => Condition::Header {
            name: config.need("HttpHeaderName")?.to_owned(),
            values: config.strings("Values"),
        },
        "http-request-method" => Condition::Method(config.strings("Values")),
        "query-string" => Condition::Query(
            config
                .items("Values")
                .iter()
                .map(|pair| {
                    let key = pair.text("Key").filter(|key| !key.is_empty()).map(str::to_owned);
                    Ok((key, pair.need("Value")?.to_owned()))
                })
                .collect::<Result<_, Refused>>()?,
        ),
        _ => Condition::Source(config.strings("Values")),
    })
}

/// The member that configures conditions on this field.
fn member(field: &str) -> Result<&'static str, Refused> {
    Ok(match field {
        "host-header" => "HostHeaderConfig",
        "path-pattern" => "PathPatternConfig",
        "http-header" => "HttpHeaderConfig",
        "http-request-method" => "HttpRequestMethodConfig",
        "query-string" => "QueryStringConfig",
        "source-ip" => "SourceIpConfig",
        _ => {
            return Err(Refused::invalid(format!(
                "Condition field '{field}' must be one of [host-header, path-pattern, http-header, http-request-method, query-string, source-ip]"
            )));
        }
    })
}

/// Host and path conditions have an older way to be written. Clients that send back what was described send both.
fn plain_or_configured(condition: &Tree, config: &Tree) -> Result<Vec<String>, Refused> {
    let (plain, configured) = (condition.strings("Values"), config.strings("Values"));
    match (plain.is_empty(), configured.is_empty()) {
        (_, true) => Ok(plain),
        (true, false) => Ok(configured),
        (false, false) if plain == configured => Ok(configured),
        (false, false) => Err(Refused::invalid(format!(
            "A condition has the Values {plain:?} and others in its config: {configured:?}"
        ))),
    }
}

pub(super) fn write(condition: &Condition) -> Tree {
    let values = |values: &Vec<String>| Tree::texts(values.clone());
    let tree = Tree::map().with("Field", Tree::from(condition.field()));
    let config = |given: Tree| Tree::map().with("Values", given);
    match condition {
        Condition::Host(given) => tree
            .with("Values", values(given))
            .with("HostHeaderConfig", config(values(given))),
        Condition::Path(given) => tree
            .with("Values", values(given))
            .with("PathPatternConfig", config(values(given))),
        Condition::Header { name, values: given } => tree.with(
            "HttpHeaderConfig",
            Tree::map()
                .with("HttpHeaderName", Tree::from(name.as_str()))
                .with("Values", values(given)),
        ),
        Condition::Method(given) => tree.with("HttpRequestMethodConfig", config(values(given))),
        Condition::Query(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| {
                Tree::map()
                    .with("Key", key.clone().map(Tree::from))
                    .with("Value", Tree::from(value.as_str()))
            });
            tree.with("QueryStringConfig", config(Tree::list(pairs)))
        }
        Condition::Source(given) => tree.with("SourceIpConfig", config(values(given))),
    }
}
