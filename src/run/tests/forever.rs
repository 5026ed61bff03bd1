//! Times that no clock reaches.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_run_that_is_given_more_time_than_there_is_takes_what_it_needs() {
    let (policy, scope) = (quick(), scope());
    let world = World::new(rich());
    let estate = world.now();
    let plan = plan::plan(&estate, &deploy("42"), &policy).expect("a plan");
    let (_stopper, interrupt) = Interrupt::pair();
    let job = Job {
        cloud: &world,
        scope: &scope,
        command: "swingbridge deploy".into(),
        run: "run".into(),
        identity: somebody(true),
        lock: LockSettings {
            lease: Duration::MAX,
            wait: Duration::MAX,
        },
        timeout: Some(Duration::MAX),
        interrupt,
        hooks: &script::Nobody,
    };
    let verdict = carry_out(&job, &plan, &estate, &mut Listen::default()).await;
    assert_eq!(verdict.code, 0, "{verdict:#?}");
    no_lock(&world);
}
