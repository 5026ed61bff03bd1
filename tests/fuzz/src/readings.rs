//! What CloudWatch answers: the bytes are the CBOR of every answer there is, and a candidate is judged by it.

use std::time::Duration;

use swingbridge::cloud::Cloud;
use swingbridge::judge::judge;
use swingbridge::model::ids::Arn;
use swingbridge::model::judgement::Judgement;
use swingbridge::model::judging::Judging;
use swingbridge::model::readings::{Compared, Readings, Subject, Window};

use super::parrot;

pub fn readings(bytes: &[u8]) {
    judged(bytes);
}

/// What is judged of it, if it can be read.
pub fn judged(bytes: &[u8]) -> Option<Judgement> {
    let bytes = bytes.to_vec();
    let aws = parrot::aws(move |_| bytes.clone());
    let judging = Judging {
        alarms: vec!["shop-errors".into()],
        ..Judging::default()
    };
    match parrot::heard(Cloud::readings(&aws, &judging, window(), &compared())) {
        Ok(readings) => {
            let kept = serde_json::to_string(&readings).expect("it can be recorded");
            let again: Readings = serde_json::from_str(&kept).expect("and read again");
            assert!(!judge(&judging, &again).sentence.is_empty());
            Some(judge(&judging, &readings))
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

fn window() -> Window {
    Window {
        from: "2026-03-02T12:00:00Z".parse().expect("a time"),
        to: "2026-03-02T12:05:00Z".parse().expect("a time"),
        period: Duration::from_secs(60),
    }
}

fn compared() -> Compared {
    let subject = |name: &str| Subject {
        name: name.into(),
        target_group: Arn::new(format!(
            "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/{name}/6d0ecf831eec9f09"
        )),
        group: None,
    };
    Compared {
        load_balancer: "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/lb/50dc6c495c0c9188".into(),
        live: subject("tg-1"),
        candidate: subject("tg-2"),
        weight: Some(5),
    }
}
