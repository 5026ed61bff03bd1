//! The walk of docs/schema-changes.md on the lab: a service with a database serves throughout, in both releases.

use std::path::Path;
use std::process::Command;

use swingbridge::lab::load::{self, Load};

use crate::support::Swing;
use crate::support::ground::Lab;

const PAGE: &str = include_str!("../../docs/schema-changes.md");
const SERVICE: &str = include_str!("../clients/newsletter.py");

/// Live is release 41; the second version of its launch template is release 42.
const ESTATE: &str = r#"
name = "newsletter"

[[launch_templates]]
name = "newsletter"
[[launch_templates.versions]]
image = "newsletter-41"
user_data = '''
{41}'''
[[launch_templates.versions]]
image = "newsletter-42"
user_data = '''
{42}'''

[[target_groups]]
name = "tg-1"
port = 8080
health_path = "/health"
health_interval = 60
health_timeout = 50
attributes = { "deregistration_delay.timeout_seconds" = "2" }

[[load_balancers]]
name = "alb-newsletter"
[[load_balancers.listeners]]
port = 80
default = { forward = "tg-1" }

[[groups]]
name = "asg-1"
template = "newsletter"
version = "1"
min = 1
max = 2
desired = 2
target_groups = ["tg-1"]
health_grace = 600
"#;

/// What stands between fences of a kind.
fn blocks(kind: &str) -> Vec<&'static str> {
    let fence = format!("```{kind}\n");
    let parts = PAGE.split(&fence).skip(1);
    parts
        .map(|rest| rest.split("```").next().expect("it ends"))
        .collect()
}

/// What a query of one number gives.
fn asked(database: &Path, sql: &str) -> u32 {
    let program = "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as db: print((db.execute(sys.argv[2]).fetchone() or [0])[0])";
    let output = Command::new("python3")
        .args(["-c", program])
        .arg(database)
        .arg(sql)
        .output()
        .expect("python3");
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    said.trim()
        .parse()
        .unwrap_or_else(|_| panic!("{sql}: {said}{wrong}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_gets_a_mandatory_column_and_a_table_while_it_serves() {
    let [expand, contract] = blocks("python")[..] else {
        panic!("the page has two programs")
    };
    let [config] = blocks("toml")[..] else {
        panic!("the page has one configuration")
    };
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("newsletter.db");
    asked(
        &database,
        "CREATE TABLE subscriptions (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL)",
    );
    // Whoever writes does not keep readers out.
    let _ = Command::new("python3")
        .args([
            "-c",
            "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA journal_mode = WAL')",
        ])
        .arg(&database)
        .status();
    let release = |number: u32| {
        let head = format!("#!/usr/bin/env python3\nRELEASE, DATABASE = {number}, {database:?}\n");
        head + SERVICE
    };
    let estate = folder.path().join("estate.toml");
    let text = ESTATE.replace("{41}", &release(41)).replace("{42}", &release(42));
    std::fs::write(&estate, text).expect("written");
    let lab = Lab::up(&["--config", estate.to_str().expect("words"), "--speed", "10"]).await;
    let url = lab.serving().await;

    let mut swing = Swing::at("000000000000", &lab.endpoint);
    swing.set("PATH", &std::env::var("PATH").expect("a path"));
    swing.set("DATABASE", database.to_str().expect("words"));
    swing.set("SWINGBRIDGE_PROPAGATION", "2s");
    swing.write("swingbridge.toml", config);
    swing.write("expand.py", expand);
    swing.write("contract.py", contract);
    let load = load::start(Load {
        rate: 30.0,
        ..Load::on(url.parse().expect("a url"))
    })
    .expect("a load");

    let deploy = [
        "deploy",
        "--release",
        "42",
        "--launch-template-version",
        "2",
        "--yes",
    ];
    swing
        .run(&deploy)
        .await
        .ended(0)
        .says("subscriptions has a status, which may be missing");
    swing.run(&["promote", "--no-wait", "--yes"]).await.ended(0);
    swing
        .run(&["status"])
        .await
        .says("expanded for generation 2, contract pending");
    swing
        .run(&["retire", "--yes"])
        .await
        .ended(0)
        .says("every subscription has a status");
    let gone = "the schema was contracted for generation 2";
    for back in [&["rollback", "--to", "1", "--yes"][..], &["rollback", "--yes"]] {
        swing.run(back).await.ended(3).says(gone);
    }
    swing.run(&["status"]).await.says(gone);
    load.stop();
    let ledger = load.finish().await;
    let failed: Vec<_> = ledger.entries().filter(|entry| entry.failure.is_some()).collect();
    assert!(failed.is_empty(), "{failed:#?}");

    let rows = asked(&database, "SELECT count(*) FROM subscriptions");
    assert!(
        rows > 0 && u64::from(rows) >= ledger.entries().count() as u64,
        "{rows} rows"
    );
    let both = "SELECT count(DISTINCT status) FROM subscriptions";
    assert_eq!(asked(&database, both), 2, "both releases have written");
    let mandatory = "SELECT \"notnull\" FROM pragma_table_info('subscriptions') WHERE name = 'status'";
    assert_eq!(asked(&database, mandatory), 1, "the column is mandatory");
    assert!(asked(&database, "SELECT count(*) FROM subscription_tokens") > 0);
}
