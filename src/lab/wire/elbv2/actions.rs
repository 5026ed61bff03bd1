//! Actions on the wire.

use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::balancing::actions::{
    Action, Authenticate, Deed, Fixed, Forward, ForwardAsked, Redirect,
};

/// Nothing when the input does not say.
pub(super) fn read(input: &Tree, name: &str) -> Result<Option<Vec<Action>>, Refused> {
    let actions = input
        .items(name)
        .iter()
        .map(read_one)
        .collect::<Result<Vec<_>, _>>()?;
    Ok((!actions.is_empty()).then_some(actions))
}

fn read_one(action: &Tree) -> Result<Action, Refused> {
    let config = |name: &str| action.get(name).ok_or_else(|| Refused::missing(name));
    let kind = action.need("Type")?;
    let deed = match kind {
        "forward" => Deed::Forward(read_forward(action)?),
        "redirect" => Deed::Redirect(read_redirect(config("RedirectConfig")?)?),
        "fixed-response" => Deed::Fixed(read_fixed(config("FixedResponseConfig")?)?),
        "authenticate-oidc" => {
            let config = config("AuthenticateOidcConfig")?;
            for needed in [
                "Issuer",
                "AuthorizationEndpoint",
                "TokenEndpoint",
                "UserInfoEndpoint",
                "ClientId",
            ] {
                config.need(needed)?;
            }
            Deed::Authenticate(read_authenticate("authenticate-oidc", config)?)
        }
        "authenticate-cognito" => {
            let config = config("AuthenticateCognitoConfig")?;
            for needed in ["UserPoolArn", "UserPoolClientId", "UserPoolDomain"] {
                config.need(needed)?;
            }
            Deed::Authenticate(read_authenticate("authenticate-cognito", config)?)
        }
        "jwt-validation" => {
            let config = config("JwtValidationConfig")?;
            config.need("JwksEndpoint")?;
            config.need("Issuer")?;
            Deed::Authenticate(read_authenticate("jwt-validation", config)?)
        }
        _ => {
            return Err(Refused::invalid(format!(
                "The action type '{kind}' does not exist"
            )));
        }
    };
    Ok(Action {
        order: action.whole("Order")?,
        deed,
    })
}

fn read_forward(action: &Tree) -> Result<Forward, Refused> {
    let empty = Tree::map();
    let config = action.get("ForwardConfig").unwrap_or(&empty);
    let stickiness = config.get("TargetGroupStickinessConfig").unwrap_or(&empty);
    let groups = config
        .items("TargetGroups")
        .iter()
        .map(|group| Ok((group.need("TargetGroupArn")?.to_owned(), group.whole("Weight")?)))
        .collect::<Result<_, Refused>>()?;
    Forward::settle(&ForwardAsked {
        group: action.text("TargetGroupArn").map(str::to_owned),
        groups,
        sticky: stickiness.flag("Enabled")?,
        sticky_seconds: stickiness.whole("DurationSeconds")?,
    })
}

fn read_redirect(config: &Tree) -> Result<Redirect, Refused> {
    let part = |name: &str, unchanged: &str| config.text(name).unwrap_or(unchanged).to_owned();
    Ok(Redirect {
        status: config.need("StatusCode")?.to_owned(),
        protocol: part("Protocol", "#{protocol}"),
        port: part("Port", "#{port}"),
        host: part("Host", "#{host}"),
        path: part("Path", "/#{path}"),
        query: part("Query", "#{query}"),
    })
}

fn read_fixed(config: &Tree) -> Result<Fixed, Refused> {
    Ok(Fixed {
        status: config.need("StatusCode")?.to_owned(),
        content_type: config.text("ContentType").map(str::to_owned),
        body: config.text("MessageBody").map(str::to_owned),
    })
}

fn read_authenticate(kind: &'static str, config: &Tree) -> Result<Authenticate, Refused> {
    // The secret goes in and never comes out.
    let shown = config
        .members()
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "ClientSecret" | "UseExistingClientSecret"));
    Ok(Authenticate {
        kind,
        secret: config.text("ClientSecret").map(str::to_owned),
        use_existing_secret: config.flag("UseExistingClientSecret")?.unwrap_or(false),
        config: Tree::Map(shown.cloned().collect()),
    })
}

pub(super) fn write(actions: &[Action]) -> Tree {
    Tree::list(actions.iter().map(write_one))
}

fn write_one(action: &Action) -> Tree {
    let typed = |kind: &str| Tree::map().with("Type", Tree::from(kind));
    let order = action.order.map(Tree::from);
    match &action.deed {
        Deed::Forward(forward) => typed("forward")
            .with("TargetGroupArn", only_group(forward))
            .with("Order", order)
            .with("ForwardConfig", write_forward(forward)),
        Deed::Redirect(redirect) => typed("redirect")
            .with("Order", order)
            .with("RedirectConfig", write_redirect(redirect)),
        Deed::Fixed(fixed) => typed("fixed-response").with("Order", order).with(
            "FixedResponseConfig",
            Tree::map()
                .with("MessageBody", fixed.body.clone().map(Tree::from))
                .with("StatusCode", Tree::from(fixed.status.as_str()))
                .with("ContentType", fixed.content_type.clone().map(Tree::from)),
        ),
        Deed::Authenticate(authenticate) => {
            let member = match authenticate.kind {
                "authenticate-oidc" => "AuthenticateOidcConfig",
                "authenticate-cognito" => "AuthenticateCognitoConfig",
                _ => "JwtValidationConfig",
            };
            typed(authenticate.kind)
                .with(member, authenticate.config.clone())
                .with("Order", order)
        }
    }
}

/// AWS writes a single target group in both ways, whichever way it was given.
fn only_group(forward: &Forward) -> Option<Tree> {
    match forward.groups.as_slice() {
        [(group, _)] => Some(Tree::from(group.as_str())),
        _ => None,
    }
}

fn write_forward(forward: &Forward) -> Tree {
    let groups = forward.groups.iter().map(|(group, weight)| {
        Tree::map()
            .with("TargetGroupArn", Tree::from(group.as_str()))
            .with("Weight", Tree::from(*weight))
    });
    let seconds = forward
        .sticky_seconds
        .and_then(|seconds| i64::try_from(seconds).ok());
    let stickiness = Tree::map()
        .with("Enabled", Tree::from(forward.sticky))
        .with("DurationSeconds", seconds.map(Tree::from));
    Tree::map()
        .with("TargetGroups", Tree::list(groups))
        .with("TargetGroupStickinessConfig", stickiness)
}

fn write_redirect(redirect: &Redirect) -> Tree {
    Tree::map()
        .with("Protocol", Tree::from(redirect.protocol.as_str()))
        .with("Port", Tree::from(redirect.port.as_str()))
        .with("Host", Tree::from(redirect.host.as_str()))
        .with("Path", Tree::from(redirect.path.as_str()))
        .with("Query", Tree::from(redirect.query.as_str()))
        .with("StatusCode", Tree::from(redirect.status.as_str()))
}
