//! Releases made of an image or of user data: a new launch template version, made from live's, and made once.

use aws_sdk_ec2::types::ResponseLaunchTemplateData;
use base64::Engine;

use crate::initial::doors;
use crate::support::{Estate, Fault, Proxy, Swing, on_both_grounds};

/// The template's versions by number.
async fn versions(estate: &Estate) -> Vec<(i64, ResponseLaunchTemplateData)> {
    let id = estate.made("/launch_templates/ks-app/id");
    let answer = estate
        .ec2
        .describe_launch_template_versions()
        .launch_template_id(id)
        .send()
        .await;
    let mut all: Vec<_> = answer
        .expect("versions")
        .launch_template_versions()
        .iter()
        .map(|one| {
            (
                one.version_number().expect("a number"),
                one.launch_template_data().expect("data").clone(),
            )
        })
        .collect();
    all.sort_by_key(|(number, _)| *number);
    all
}

async fn an_image_becomes_a_version_like_lives_with_another_image(estate: Estate) {
    let mut swing = Swing::adopting(&estate).await;
    let image = estate.made("/launch_templates/ks-app/versions/2/image");
    let deploy = ["deploy", "--release", "v3", "--image", image, "--yes"];

    // Dies when the version is made and before it knows; the next run finds it.
    let proxy = Proxy::before(&estate.endpoint).await;
    swing.through(&proxy);
    proxy.inject(|call| (call.operation == "CreateLaunchTemplateVersion").then_some(Fault::KillAfter));
    swing.run_until_killed(&proxy, &deploy).await.killed();
    proxy.heal();
    swing.run(&deploy).await.ended(0);
    swing.run(&deploy).await.ended(0).says("nothing to do");

    let all = versions(&estate).await;
    assert_eq!(all.len(), 3, "one more than before: {all:?}");
    let ((_, live), (number, made)) = (&all[0], &all[2]);
    assert_eq!(made.image_id(), Some(image));
    assert_eq!(made.instance_type(), live.instance_type());
    assert_eq!(made.security_group_ids(), live.security_group_ids());
    assert_eq!(
        made.user_data(),
        live.user_data(),
        "live's, not the newest version's"
    );
    let seen = estate.look().await;
    assert_eq!(doors(&seen)[1], estate.name("tg-2"));
    assert_eq!(
        seen.get(&format!("group {} versions of instances", estate.name("asg-2"))),
        number.to_string()
    );
}

async fn a_user_data_template_is_rendered_into_the_new_version(estate: Estate) {
    let swing = Swing::adopting(&estate).await;
    swing.write(
        "boot.sh.j2",
        "#!/bin/sh\nexport RELEASE={{ release }} COMMIT={{ tags.commit }}\nlist=(a b)\necho ${#list[@]}\n",
    );
    let deploy = [
        "deploy",
        "--release",
        "v4",
        "--user-data",
        "boot.sh.j2",
        "--tag",
        "commit=3f2a",
        "--yes",
    ];
    swing.run(&deploy).await.ended(0);
    swing.run(&deploy).await.ended(0).says("nothing to do");
    let all = versions(&estate).await;
    assert_eq!(all.len(), 3, "{all:?}");
    let made = &all[2].1;
    assert_eq!(made.image_id(), all[0].1.image_id(), "live's image");
    let text = base64::engine::general_purpose::STANDARD
        .decode(made.user_data().expect("user data"))
        .expect("base64");
    assert_eq!(
        String::from_utf8_lossy(&text),
        "#!/bin/sh\nexport RELEASE=v4 COMMIT=3f2a\nlist=(a b)\necho ${#list[@]}\n"
    );
    let seen = estate.look().await;
    let tags = seen.about(&format!("group {}", estate.name("asg-2")));
    assert!(tags.get("tag commit").starts_with("3f2a"), "{tags:?}");

    // The same label for something else is refused, and a mistake in the template is shown with its line.
    swing.write("boot.sh.j2", "#!/bin/sh\necho other {{ release }}\n");
    swing.run(&deploy).await.ended(3).says("v4");
    swing.write("boot.sh.j2", "#!/bin/sh\necho {{ relase }}\n");
    swing
        .run(&deploy)
        .await
        .ended(2)
        .says("boot.sh.j2:2")
        .says("relase");
    assert_eq!(versions(&estate).await.len(), 3);
}

on_both_grounds! {
    initial:
    an_image_becomes_a_version_like_lives_with_another_image,
    a_user_data_template_is_rendered_into_the_new_version,
}
