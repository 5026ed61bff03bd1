//! What is said about files that are wrong.

use super::*;

/// Each problem as `line: message | help`.
pub(super) fn problems(text: &str) -> Vec<String> {
    let error = read(
        text,
        Path::new("swingbridge.toml"),
        &Overrides::default(),
        &nothing,
    );
    let Err(error) = error else {
        panic!("accepted:\n{text}")
    };
    let lines = error.problems().iter().map(|problem| {
        let line = match &problem.at {
            Location::Line { line, .. } => line.to_string(),
            Location::File { .. } => "file".into(),
            Location::Setting { name } => (*name).into(),
        };
        format!("{line}: {} | {}", problem.message, problem.help)
    });
    lines.collect()
}

#[test]
fn problems_are_shown_with_their_lines_all_at_once() {
    let text =
        "app = \"ks\"\nloadbalancer = \"alb\"\n\n[health]\ntimeout = \"abc\"\n\n[lock]\npriority = 2\n";
    let text = read(
        text,
        Path::new("swingbridge.toml"),
        &Overrides::default(),
        &nothing,
    );
    insta::assert_snapshot!(text.expect_err("refused").to_string(), @r#"
    swingbridge.toml: `load_balancer` is missing
      write `load_balancer = …`: the load balancer: its name, or its full ARN; or pass --load-balancer or set SWINGBRIDGE_LOAD_BALANCER
    swingbridge.toml:2:1: unknown key `loadbalancer`
        2 | loadbalancer = "alb"
          | ^^^^^^^^^^^^
      did you mean `load_balancer`?
    swingbridge.toml:5:11: `timeout`: "abc" is not a duration
        5 | timeout = "abc"
          |           ^^^^^
      write it like "30s", "5m", "1h 30m"
    swingbridge.toml:8:12: `entrance_priority` and `priority` are both 2
        8 | priority = 2
          |            ^
      give each rule a priority of its own
    "#);
}

#[test]
fn every_kind_of_mistake_is_said_where_it_is_with_its_way_out() {
    // What follows the least file begins at line 3.
    let table: &[(&str, &[&str])] = &[
        (
            "lease = \"1m\"\n",
            &["3: unknown key `lease` | `lease` belongs in [lock]"],
        ),
        (
            "[lock]\nleese = \"1m\"\n",
            &["4: unknown key `leese` in [lock] | did you mean `lease`?"],
        ),
        (
            "[health]\nlease = \"1m\"\n",
            &["4: unknown key `lease` in [health] | `lease` belongs in [lock]"],
        ),
        ("[helth]\n", &["3: unknown key `helth` | did you mean `health`?"]),
        (
            "[health]\nsoak = 30\n",
            &[
                "4: `soak` is a whole number, but must be a duration | write it like \"30s\", \"5m\", \"1h 30m\"",
            ],
        ),
        (
            "[health]\nsoak = \"30 sec\"\ntimeout = \"1 fortnight\"\n",
            &["5: `timeout`: \"1 fortnight\" is not a duration | write it like \"30s\", \"5m\", \"1h 30m\""],
        ),
        (
            "[health]\nwant = 0\n",
            &["4: `want` is 0 | it must be a whole number from 1 to 10000"],
        ),
        (
            "[health]\nwant = \"0%\"\n",
            &[
                "4: `want`: \"0%\" is not a percentage from 1% to 100% | write it like \"100%\", or give a number of instances, like 3",
            ],
        ),
        (
            "[health]\nwant = \"101%\"\n",
            &[
                "4: `want`: \"101%\" is not a percentage from 1% to 100% | write it like \"100%\", or give a number of instances, like 3",
            ],
        ),
        (
            "[health]\nwant = true\n",
            &[
                "4: `want` is true or false, but must be a percentage or a whole number from 1 to 10000 | write it like \"100%\", or give a number of instances, like 3",
            ],
        ),
        (
            "[health]\nsoak = \"5m\"\ntimeout = \"5m\"\n",
            &[
                "5: `timeout` is not longer than `soak`, so no candidate could ever be ready | raise `timeout` or lower `soak`",
            ],
        ),
        (
            "strategy = \"green\"\n",
            &[
                "3: `strategy` cannot be \"green\" | it must be \"preview\", \"direct\", \"canary\", \"linear\", \"rolling\", \"recreate\" or \"ab\"",
            ],
        ),
        (
            "[lock]\npriority = 9\nentrance_priority = 9\n",
            &["5: `entrance_priority` and `priority` are both 9 | give each rule a priority of its own"],
        ),
        (
            "[lock]\nlease = \"9s\"\n",
            &[
                "4: `lease` is shorter than 10s | a holder that is only slow would lose its lock; the default is \"2m\"",
            ],
        ),
        (
            "[lock]\npriority = 50001\n",
            &["4: `priority` is 50001 | it must be a whole number from 1 to 50000"],
        ),
        (
            "[[routes]]\nlistener = 80\npriority = 2\n",
            &[
                "3: `lock.entrance_priority` is 2, which is not before the route at :80 rule 2 | choose a free priority below 2",
            ],
        ),
        (
            "[[routes]]\nlistener = 443\npriority = \"first\"\n",
            &["5: `priority` cannot be \"first\" | it must be a whole number from 1 to 50000 or \"default\""],
        ),
        (
            "[[routes]]\nlistener = 443\npriority = \"default\"\n[[routes]]\nlistener = 443\npriority = \"default\"\n",
            &["6: :443 default rule is listed twice | remove one of the two"],
        ),
        (
            "routes = []\n",
            &["3: `routes` is empty | leave the key out for its default"],
        ),
        (
            "[doors]\n",
            &["3: `scheme` is missing | write `scheme = …`: what the two doors lead to"],
        ),
        (
            "[doors]\nscheme = \"alternating\"\n",
            &["4: `scheme` cannot be \"alternating\" | did you mean \"alternate\"?"],
        ),
        (
            "[doors]\nscheme = \"role\"\ngrace = \"5m\"\n",
            &[
                "5: `grace` means nothing with scheme \"role\" | leave it out, or set `scheme = \"alternate\"`",
            ],
        ),
        (
            "[doors]\nscheme = \"alternate\"\nbeacon = { path = \"which\", priority = 11 }\n",
            &[
                "5: \"which\" is not a path | write it like \"/.well-known/swingbridge\", without `*` and `?`",
                "5: the beacon and the green door both have priority 11 | give each rule a priority of its own",
            ],
        ),
        (
            "[doors]\nscheme = \"none\"\n[[doors.users]]\nname = \"beta\"\npriority = 13\n",
            &["5: `beta` does not say whom it is for | give it `header` and `values`, or `source`"],
        ),
        (
            "[doors]\nscheme = \"none\"\n[[doors.users]]\nname = \"beta\"\npriority = 13\nheader = \"x-beta\"\nvalues = [\"a\", \"b\", \"c\", \"d\"]\n",
            &["5: `beta` has 4 values, and a condition can have 3 | make several doors of it"],
        ),
        (
            "[doors]\nscheme = \"role\"\n[[doors.users]]\nname = \"office\"\npriority = 10\nsource = [\"203.0.113.7\"]\n",
            &[
                "7: `office` and the blue door both have priority 10 | give each rule a priority of its own",
                "8: \"203.0.113.7\" is not a range of addresses | write it like \"203.0.113.0/24\" or \"2001:db8::/32\"",
            ],
        ),
        (
            "[doors]\nscheme = \"role\"\nheader = \"Host\"\n",
            &[
                "5: `header` cannot be \"Host\": a load balancer has another condition for it | choose a header of your own, for instance \"x-client-mode\"",
            ],
        ),
        (
            "[doors]\nscheme = \"role\"\nheader = \"x mode\"\n",
            &["5: `header` has ' ' in it | use letters, digits and `-`"],
        ),
        (
            "[doors]\nscheme = \"role\"\nheader = \"x-a-header-whose-name-is-longer-than-forty\"\n",
            &["5: `header` is 42 characters long | at most 40 are allowed"],
        ),
        (
            "[doors]\nscheme = \"role\"\ngreen = \"Blue\"\n",
            &[
                "5: `blue` and `green` are both \"Blue\" | two doors need two values; upper and lower case are the same to a load balancer",
            ],
        ),
        (
            "[doors]\nscheme = \"role\"\ngreen = \"g*\"\n",
            &["5: \"g*\" has '*' in it, which matches other values as well | use a plain word"],
        ),
        (
            "[doors]\nscheme = \"role\"\nblue_priority = 2\ngreen_priority = 2\n",
            &[
                "5: `doors.blue_priority` and `lock.entrance_priority` are both 2 on :80 | give each rule a priority of its own",
                "6: `doors.green_priority` and `lock.entrance_priority` are both 2 on :80 | give each rule a priority of its own",
                "6: `blue_priority` and `green_priority` are both 2 | give each rule a priority of its own",
            ],
        ),
        (
            "[doors]\nscheme = \"role\"\nlisteners = [80, 443, 80]\n",
            &["5: 80 is listed twice | remove one of the two"],
        ),
        (
            "[doors]\nscheme = \"role\"\nclosed = { status = 302 }\n",
            &["5: `status` is 302, a redirect | a closed door answers any 2xx, 4xx or 5xx"],
        ),
        (
            "[doors]\nscheme = \"role\"\nclosed = { status = 600, content_type = \"text/plan\" }\n",
            &[
                "5: `status` is 600 | it must be a whole number from 200 to 599",
                "5: `content_type` cannot be \"text/plan\" | did you mean \"text/plain\"?",
            ],
        ),
        (
            "[names]\ngroup = \"asg\"\ntarget_group = \"tg_{n}\"\n",
            &[
                "4: `group`: `asg` must contain {n} exactly once, where the generation's number goes | write it like \"web-{n}\"",
                "5: `tg_{n}` makes names like tg_9999, which AWS refuses: it has '_' in it, where only letters, digits and `-` may be | choose another template",
            ],
        ),
        (
            "[names]\ntarget_group = \"a-very-long-target-group-name-{n}\"\n",
            &[
                "4: `a-very-long-target-group-name-{n}` makes names like a-very-long-target-group-name-9999, which AWS refuses: it is longer than 32 characters | choose another template",
            ],
        ),
        (
            "[names]\ngroup = \"asg:{n}\"\n",
            &[
                "4: `asg:{n}` makes names like asg:9999, which AWS refuses: it has ':' in it, which a group's name may not have | choose another template",
            ],
        ),
        (
            "[adopted]\ngeneration = 1\ngroup = \"web\"\n",
            &["3: `target_group` is missing | write `target_group = …`: its target group"],
        ),
        (
            "[adopted]\ngeneration = 1\ngroup = \"web\"\ntarget_group = \"tg-3\"\n",
            &[
                "6: `tg-3` is generation 3 by [names], but [adopted] calls it 1 | set `generation = 3`, or choose other [names]",
            ],
        ),
        (
            "[capacity]\nsize = { min = 3, max = 4, desired = 2 }\n",
            &["4: `size` has min 3, desired 2, max 4 | they must rise in that order"],
        ),
        (
            "[capacity]\nsize = { min = 1, max = 2 }\n",
            &["4: `desired` is missing | write `desired = …`: how many instances it starts with"],
        ),
        (
            "[capacity]\nsize = \"big\"\n",
            &[
                "4: `size` cannot be \"big\" | it must be \"same-as-live\" or { desired = …, max = …, min = … }",
            ],
        ),
        (
            "[capacity]\nsize = { min = 1, max = 2, desired = 2 }\n[health]\nwant = 3\n[after_promotion]\nprevious = { scale = 3 }\n",
            &[
                "6: `want` is 3 healthy targets, but [capacity] makes 2 | lower `want` or raise `desired`",
                "8: `scale` is 3, but [capacity] allows at most 2 instances | lower `scale` or raise `max`",
            ],
        ),
        (
            "[after_promotion]\nprevious = \"scale\"\n",
            &["4: `previous` cannot be \"scale\" | it must be \"keep\", \"retire\" or { scale = … }"],
        ),
        (
            "[swing]\nconfirmations = 0\n",
            &["4: `confirmations` is 0 | it must be a whole number from 1 to 20"],
        ),
        (
            "[release.tags]\n\"aws:x\" = \"1\"\nteam = \"a?\"\n",
            &[
                "4: tag `aws:x` begins with `aws:`, which is reserved | AWS allows letters, digits, spaces and _ . : / = + - @, keys to 128 and values to 256",
                "5: tag `team` has '?' in it | AWS allows letters, digits, spaces and _ . : / = + - @, keys to 128 and values to 256",
            ],
        ),
        (
            "[aws]\nendpoint = \"localhost:4566\"\n",
            &[
                "4: `endpoint` is \"localhost:4566\", which is not an address | write it like \"http://localhost:4566\"",
            ],
        ),
        (
            "app = \"twice\"\n",
            &["3: duplicate key | the file is written in TOML: https://toml.io"],
        ),
    ];
    let mut wrong = Vec::new();
    for (text, expected) in table {
        let found = problems(&format!("{LEAST}{text}"));
        if found != *expected {
            wrong.push(format!("({text:?}, &{found:#?}),"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_app_and_a_load_balancer_must_be_fit_for_aws() {
    let cases = [
        ("app = \"\"\nload_balancer = \"a\"\n", "1: `app` is empty"),
        ("app = \"a/b\"\nload_balancer = \"a\"\n", "1: `app` has '/' in it"),
        (
            "app = \"-a\"\nload_balancer = \"a\"\n",
            "1: `app` begins with '-'",
        ),
        (
            "app = \"a\"\nload_balancer = \"a_b\"\n",
            "2: `load_balancer` has '_' in it",
        ),
        (
            "app = \"a\"\nload_balancer = \"arn:aws:elasticloadbalancing:r:1:loadbalancer/net/n/1\"\n",
            "2: `load_balancer` is not an Application Load Balancer",
        ),
        (
            "load_balancer = \"a\"\n",
            "file: `app` is missing | write `app = …`: the name of the service; or pass --app or set SWINGBRIDGE_APP",
        ),
    ];
    for (text, expected) in cases {
        let found = problems(text);
        assert!(
            found.len() == 1 && found[0].starts_with(expected),
            "{text}{found:#?}"
        );
    }
}

#[test]
fn one_refused_value_is_not_said_to_contradict_another() {
    let text = format!("{LEAST}[lock]\npriority = \"one\"\nentrance_priority = 1\n");
    assert_eq!(problems(&text).len(), 1, "{:?}", problems(&text));
}

#[test]
fn text_that_is_not_toml_is_shown_where_it_breaks() {
    let found = problems("app = \"ks\nload_balancer = \"alb\"\n");
    assert!(found[0].starts_with("1: "), "{found:?}");
}

#[test]
fn doors_for_users_are_refused_where_nobody_ever_stands_beside_live() {
    let file = |strategy: &str| {
        format!(
            "app = \"ks\"\nload_balancer = \"alb\"\nstrategy = \"{strategy}\"\n[doors]\nscheme = \"none\"\n[[doors.users]]\nname = \"beta\"\npriority = 13\nheader = \"x-beta\"\nvalues = [\"yes\"]\n"
        )
    };
    for strategy in ["recreate", "rolling"] {
        let found = problems(&file(strategy));
        assert!(
            found.len() == 1
                && found[0].contains("there is one fleet")
                && found[0].ends_with("or use another strategy"),
            "{strategy}: {found:?}"
        );
    }
    for strategy in ["preview", "direct", "linear"] {
        good(&file(strategy));
    }
}

#[test]
fn with_a_test_a_door_for_users_says_to_which_variant_it_leads() {
    let file = |header: &str, door: &str| {
        format!(
            "app = \"ks\"\nload_balancer = \"alb\"\nstrategy = \"ab\"\n[ab]\nduration = \"14d\"\n{header}\n[doors]\nscheme = \"none\"\n[[doors.users]]\nname = \"beta\"\npriority = 13\nheader = \"x-beta\"\nvalues = [\"yes\"]\n{door}\n"
        )
    };
    let weights =
        "variants = [{ name = \"control\", weight = 40, live = true }, { name = \"bold\", weight = 60 }]";
    let header = "header = \"x-variant\"\nvariants = [{ name = \"control\", live = true }, { name = \"bold\", priority = 13 }]";
    for (text, wanted) in [
        (
            file(weights, ""),
            "9: `beta` does not say to which variant it leads | give it a `variant`: one of control, bold",
        ),
        (
            file(weights, "variant = \"calm\""),
            "14: `beta` leads to variant \"calm\", which there is not | name one of these: control, bold",
        ),
        (
            file(header, "variant = \"bold\""),
            "12: `beta` and variant bold both have priority 13 | give each rule a priority of its own",
        ),
    ] {
        assert_eq!(problems(&text), [wanted], "{text}");
    }
    good(&file(weights, "variant = \"control\""));
}

#[test]
fn doors_for_users_that_would_take_requests_from_each_other_or_from_a_colour_are_refused() {
    let file = |scheme: &str, doors: &str| {
        format!(
            "app = \"ks\"\nload_balancer = \"alb\"\n[doors]\nscheme = \"{scheme}\"\nusers = [\n{doors}\n]\n"
        )
    };
    let door = |name: &str, priority: u32, header: &str, value: &str, more: &str| {
        format!(
            "{{ name = \"{name}\", priority = {priority}, header = \"{header}\", values = [\"{value}\"]{more} }},"
        )
    };
    for (text, wanted) in [
        (
            file("role", &door("beta", 13, "X-Client-Mode", "GREEN", "")),
            "6: `beta` asks for \"X-Client-Mode\", which names the colours | use a header of its own, for instance \"x-beta\"",
        ),
        (
            file("alternate", &door("beta", 9, "x-beta", "yes", "")),
            "6: `beta` comes before the colours or the beacon, and would take those with it who pin one | give it a priority after `blue_priority`, `green_priority` and the beacon's",
        ),
        (
            file(
                "role",
                &[
                    door("beta", 13, "x-beta", "yes", ""),
                    door("again", 14, "X-Beta", "yes", ""),
                ]
                .join("\n"),
            ),
            "7: `again` is for the same requests as `beta` | leave one of them out: only the one with the lower priority would ever be met",
        ),
        (
            file("role", &door("beta", 13, "x-beta", "yes", ", variant = \"bold\"")),
            "6: `beta` leads to variant \"bold\", and there is no [ab] | leave it out: without it the door leads to the candidate",
        ),
    ] {
        assert_eq!(problems(&text), [wanted], "{text}");
    }
    good(&file("none", &door("beta", 9, "x-client-mode", "green", "")));
}

#[test]
fn a_door_for_users_that_asks_for_the_header_which_names_the_variants_is_refused() {
    let file = |header: &str| {
        format!(
            "app = \"ks\"\nload_balancer = \"alb\"\nstrategy = \"ab\"\n[ab]\nduration = \"14d\"\nheader = \"x-variant\"\nvariants = [{{ name = \"control\", live = true }}, {{ name = \"bold\", priority = 5 }}]\n[doors]\nscheme = \"none\"\n[[doors.users]]\nname = \"beta\"\npriority = 13\nheader = \"{header}\"\nvalues = [\"bold\"]\nvariant = \"bold\"\n"
        )
    };
    for header in ["x-variant", "X-Variant"] {
        let wanted = format!(
            "13: `beta` asks for \"{header}\", which names the variants | leave it out: whoever sends it meets the variant that it names"
        );
        assert_eq!(problems(&file(header)), [wanted]);
    }
    good(&file("x-beta"));
    // By weights no header names a variant.
    let by_weights = file("x-variant")
        .replace("header = \"x-variant\"\nvariants", "variants")
        .replace("live = true }", "live = true, weight = 40 }")
        .replace("priority = 5 }", "weight = 60 }");
    good(&by_weights);
}

#[test]
fn doors_for_users_with_the_same_values_or_addresses_in_another_order_are_the_same() {
    let file = |first: &str, second: &str| {
        format!(
            "app = \"ks\"\nload_balancer = \"alb\"\n[doors]\nscheme = \"role\"\nusers = [\n{{ name = \"beta\", priority = 13, {first} }},\n{{ name = \"again\", priority = 14, {second} }},\n]\n"
        )
    };
    for (first, second) in [
        (
            "header = \"x-beta\", values = [\"yes\", \"on\"]",
            "header = \"X-Beta\", values = [\"on\", \"yes\"]",
        ),
        (
            "source = [\"203.0.113.0/24\", \"2001:db8::/32\"]",
            "source = [\"2001:db8::/32\", \"203.0.113.0/24\"]",
        ),
    ] {
        assert_eq!(
            problems(&file(first, second)),
            [
                "7: `again` is for the same requests as `beta` | leave one of them out: only the one with the lower priority would ever be met"
            ],
            "{first}"
        );
    }
    for (first, second) in [
        (
            "header = \"x-beta\", values = [\"yes\", \"on\"]",
            "header = \"x-beta\", values = [\"yes\", \"true\"]",
        ),
        (
            "source = [\"203.0.113.0/24\", \"2001:db8::/32\"]",
            "source = [\"203.0.113.0/24\"]",
        ),
    ] {
        good(&file(first, second));
    }
}
