//! The life of a service with one listener, two doors and a default rule, from deploy to retirement.

use crate::support::swing::Scene;

#[test]
fn init_adopts_what_runs_and_changes_no_rule() {
    let scene = Scene::untouched("initial");
    let before = scene.look();
    scene.init().expect(0);
    let after = scene.look();
    assert_eq!(after.lines(80), before.lines(80));
    assert_eq!(
        after.lines(80),
        [
            "10 x-client-mode=blue → tg-1",
            "11 x-client-mode=green → 404 text/plain no green deployment",
            "default → tg-1",
        ]
    );
}
