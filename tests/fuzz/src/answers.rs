//! What AWS answers: the bytes are the content of every answer there is, and an estate is read from them.

use swingbridge::cloud::Cloud;
use swingbridge::model::scope::Scope;

use super::estate::Scene;
use super::parrot;

pub fn answers(bytes: &[u8]) {
    // The SDK follows a page mark for as long as it changes, and a parrot's never does: that is an error.
    let content = String::from_utf8_lossy(bytes).into_owned();
    let aws = parrot::aws(move |request| {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let action = body
            .split('&')
            .find_map(|pair| pair.strip_prefix("Action="))
            .unwrap_or_default();
        // EC2 has no result element.
        format!("<{action}Response>{content}<{action}Result>{content}</{action}Result></{action}Response>")
            .into_bytes()
    });
    let mut scene = Scene::known();
    let scope = Scope {
        app: scene.estate.app.clone(),
        load_balancer: scene.estate.load_balancer.name.clone(),
        names: scene.policy.names.clone(),
        image: None,
    };
    match parrot::heard(Cloud::observe(&aws, &scope)) {
        Ok(estate) => {
            scene.estate = estate;
            scene.regarded();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
