//! The walk of docs/schema-changes.md, with its own two programs and a real database.

use std::path::Path;
use std::process::Command;

use futures_util::future::BoxFuture;

use super::script::heard;
use super::*;
use crate::config::{self, Overrides};
use crate::model::hook::Hook;
use crate::model::refusal::Reason;
use crate::model::told::Told;
use crate::run::hook::{Caller, Outside, Reply};

const PAGE: &str = include_str!("../../../docs/schema-changes.md");

/// What stands between fences of a kind.
fn blocks(kind: &str) -> Vec<&'static str> {
    let fence = format!("```{kind}\n");
    PAGE.split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().expect("it ends"))
        .collect()
}

fn env(name: &str) -> Option<String> {
    match name {
        // Commands begin in the folder of the configuration.
        "DATABASE" => Some("newsletter.db".into()),
        name => std::env::var(name).ok(),
    }
}

/// Whether a statement goes through.
fn executes(folder: &Path, sql: &str) -> bool {
    let program = "import sqlite3, sys\nwith sqlite3.connect('newsletter.db') as db: db.execute(sys.argv[1])";
    let output = Command::new("python3")
        .args(["-c", program, sql])
        .current_dir(folder)
        .output()
        .expect("python3");
    output.status.success()
}

/// What each release does when somebody subscribes.
fn subscribes(folder: &Path, release: u32, who: &str) -> bool {
    let sql = match release {
        41 => format!("INSERT INTO subscriptions (email, name) VALUES ('{who}@example.com', '{who}')"),
        _ => format!(
            "INSERT INTO subscriptions (email, name, status) VALUES ('{who}@example.com', '{who}', 'pending_confirmation')"
        ),
    };
    executes(folder, &sql)
}

fn has_token_table(folder: &Path) -> bool {
    executes(folder, "SELECT subscriber_id FROM subscription_tokens")
}

/// Calls for real, while the clock that runs ahead stands still: it would give the programs no time.
#[derive(Debug)]
struct Waiting(Outside);

impl Caller for Waiting {
    fn call<'a>(&'a self, hook: &'a Hook, told: &'a Told, _: BoxFuture<'a, ()>) -> BoxFuture<'a, Reply> {
        let called = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime");
            runtime.block_on(self.0.call(hook, told, Box::pin(std::future::pending())))
        };
        let reply = std::thread::scope(|scope| scope.spawn(called).join());
        Box::pin(std::future::ready(reply.expect("it does not panic")))
    }
}

#[tokio::test(start_paused = true)]
async fn a_mandatory_column_and_a_table_are_added_while_both_releases_serve() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let [expand, contract] = blocks("python")[..] else {
        panic!("the page has two programs")
    };
    std::fs::write(folder.join("expand.py"), expand).expect("written");
    std::fs::write(folder.join("contract.py"), contract).expect("written");
    let [file] = blocks("toml")[..] else {
        panic!("the page has one configuration")
    };
    let path = Path::new("swingbridge.toml");
    let configured = config::read(file, path, &Overrides::default(), &|_| None);
    let mut policy = quick();
    policy.hooks = configured.unwrap_or_else(|error| panic!("{error}")).policy.hooks;
    let outside = Waiting(Outside {
        folder: folder.into(),
        env,
    });
    let (world, outside) = (World::new(fixtures::initial()), &outside);
    let carried_out = async |intent: Intent| {
        let (verdict, _) = heard(&world, &intent, &policy, true, outside).await;
        let verdict = verdict.expect("nobody killed it");
        assert_eq!(verdict.code, 0, "{}: {verdict:#?}", intent.word());
    };
    assert!(executes(
        folder,
        "CREATE TABLE subscriptions (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL)"
    ));
    assert!(subscribes(folder, 41, "ada"));
    assert!(
        !subscribes(folder, 42, "bob"),
        "it knows a column that is not there"
    );

    carried_out(deploy("42")).await;
    assert!(has_token_table(folder));
    assert!(subscribes(folder, 41, "cyd") && subscribes(folder, 42, "dan"));
    carried_out(Intent::Promote).await;
    assert!(subscribes(folder, 41, "eve") && subscribes(folder, 42, "fay"));
    assert!(plan::plan(&world.now(), &rollback(), &policy).is_ok());

    carried_out(Intent::Retire { generation: None }).await;
    assert!(subscribes(folder, 42, "gus"));
    assert!(!subscribes(folder, 41, "hal"), "the column is mandatory");
    let missing = "SELECT CASE WHEN EXISTS (SELECT 1 FROM subscriptions WHERE status IS NULL) THEN abs(-9223372036854775808) END";
    assert!(executes(folder, missing), "every row has a status");
    // Its remains, if it had any, are no way back either.
    let mut estate = world.now();
    fixtures::add_generation(&mut estate, 1, "41", &[fixtures::TargetState::Healthy; 2]);
    let back = Intent::Rollback {
        to: Some(Generation(1)),
        failed: None,
    };
    let refusal = plan::plan(&estate, &back, &policy).expect_err("refused");
    assert!(
        matches!(refusal.reasons[..], [Reason::Contracted { .. }]),
        "{refusal}"
    );

    // Called twice, they do no harm.
    for name in ["expand.py", "contract.py"] {
        let again = Command::new("python3")
            .arg(name)
            .env("DATABASE", "newsletter.db")
            .current_dir(folder)
            .status();
        assert!(again.is_ok_and(|status| status.success()), "{name}");
    }
    assert!(subscribes(folder, 42, "ida"));
}
