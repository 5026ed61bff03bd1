//! What the configuration and the command line make of a deployment: strategy, doors, remains, releases.

use crate::support::swing::Scene;

const DEPLOY: &[&str] = &["deploy", "--release", "2", "--launch-template-version", "2"];

#[test]
fn the_direct_strategy_swings_production_in_the_same_run() {
    let scene = Scene::new("initial");
    scene.done(&[DEPLOY, &["--strategy", "direct"]].concat());
    let now = scene.look();
    let lines = now.lines(80);
    assert!(
        lines.contains(&"10 x-client-mode=blue → tg-2".to_owned()),
        "{lines:#?}"
    );
    assert!(lines.contains(&"default → tg-2".to_owned()), "{lines:#?}");
    scene.done(&["rollback"]);
    assert_eq!(
        scene.look().lines(80).last().map(String::as_str),
        Some("default → tg-1")
    );
}

#[test]
fn without_doors_every_rule_that_leads_to_live_is_production() {
    let scene = Scene::new("initial");
    scene.reconfigure(|text| {
        // The doors of the seed become rules like any other.
        let (before, rest) = text.split_once("\n[doors]\n").expect("doors");
        let (_, after) = rest.split_once("\n[").expect("another section");
        format!("{before}\n[doors]\nscheme = \"none\"\n\n[{after}")
    });
    scene.done(DEPLOY);
    let deployed = scene.look();
    let reachable = deployed
        .lines(80)
        .into_iter()
        .filter(|line| !line.starts_with("2 "));
    assert!(
        reachable.clone().all(|line| !line.contains("tg-2")),
        "{:#?}",
        deployed.lines(80)
    );
    assert_eq!(deployed.target_groups["tg-2"].targets, 2);

    scene.done(&["promote"]);
    let lines = scene.look().lines(80);
    assert!(
        lines.contains(&"10 x-client-mode=blue → tg-2".to_owned()),
        "{lines:#?}"
    );
    assert!(lines.contains(&"11 x-client-mode=green → 404 text/plain no green deployment".to_owned()));
    assert!(lines.contains(&"default → tg-2".to_owned()), "{lines:#?}");
}

#[test]
fn the_previous_generation_is_scaled_down_and_comes_back_for_a_rollback() {
    let scene = Scene::new("initial");
    let before = scene.look();
    scene.done(DEPLOY);
    scene.done(&["promote", "--after-promotion", "scale=1"]);
    let promoted = scene.look();
    assert_eq!(promoted.groups["asg-1"].size.1, 1);
    assert_eq!(promoted.groups["asg-2"].size.1, 2);

    scene.done(&["rollback"]);
    let back = scene.look();
    assert_eq!(back.rules, before.rules);
    assert_eq!(back.groups["asg-1"].size, before.groups["asg-1"].size);
}

#[test]
fn the_previous_generation_is_retired_by_the_promotion_itself() {
    let scene = Scene::new("initial");
    scene.done(DEPLOY);
    scene.done(&["promote", "--after-promotion", "retire"]);
    let promoted = scene.look();
    assert_eq!(promoted.groups.keys().collect::<Vec<_>>(), ["asg-2"]);
    assert_eq!(promoted.target_groups.keys().collect::<Vec<_>>(), ["tg-2"]);
    assert_eq!(
        promoted.lines(80).last().map(String::as_str),
        Some("default → tg-2")
    );
}

#[cfg(feature = "launch-templates")]
mod releases {
    use super::Scene;

    /// Number, image and decoded user data of every version of the estate's launch template.
    fn versions(scene: &Scene) -> Vec<(i64, String, String)> {
        use base64::Engine as _;
        let name = scene.name("ks-app");
        let asked = scene
            .audit
            .ec2
            .describe_launch_template_versions()
            .launch_template_name(name);
        let found = scene
            .audit
            .wait(asked.send())
            .expect("versions")
            .launch_template_versions;
        let mut all: Vec<_> = found
            .unwrap_or_default()
            .into_iter()
            .map(|version| {
                let data = version.launch_template_data.expect("data");
                let encoded = data.user_data.unwrap_or_default();
                let bytes = base64::engine::general_purpose::STANDARD
                    .decode(encoded)
                    .expect("base64");
                let text = String::from_utf8(bytes).expect("text");
                (
                    version.version_number.expect("a number"),
                    data.image_id.unwrap_or_default(),
                    text,
                )
            })
            .collect();
        all.sort();
        all
    }

    fn image(scene: &Scene, version: &str) -> String {
        let made = &scene.made["launch_templates"]["ks-app"]["versions"][version]["image"];
        made.as_str().expect("an image").to_owned()
    }

    #[test]
    fn a_release_by_image_makes_one_version_of_lives_template_and_no_second_when_run_again() {
        let scene = Scene::new("initial");
        let image = image(&scene, "2");
        let deploy = ["deploy", "--release", "by-image", "--image", &image];
        scene.done(&deploy);
        let made = versions(&scene);
        assert_eq!(made.len(), 3);
        // All but the image is live's: version 1 is what asg-1 runs.
        assert_eq!(made[2], (3, image.clone(), "#!/bin/sh\nrelease=1\n".to_owned()));
        assert_eq!(
            scene.look().groups["asg-2"].launch_template,
            format!("{}ks-app@3", scene.prefix)
        );

        scene.done(&deploy);
        assert_eq!(versions(&scene), made);
    }

    #[test]
    fn a_release_by_user_data_renders_its_template_into_one_version() {
        let scene = Scene::new("initial");
        let file = scene.write("user-data.sh.j2", "#!/bin/sh\nrun {{ release }}\n");
        let deploy = ["deploy", "--release", "2.0.1", "--user-data", &file];
        scene.done(&deploy);
        let made = versions(&scene);
        assert_eq!(made.len(), 3);
        assert_eq!(made[2].1, image(&scene, "1"));
        assert_eq!(made[2].2.trim_end(), "#!/bin/sh\nrun 2.0.1");

        scene.done(&deploy);
        assert_eq!(versions(&scene), made);
    }
}
