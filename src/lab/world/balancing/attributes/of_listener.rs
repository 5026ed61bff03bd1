//! Listener attributes: headers to rename or to add.

use super::super::refusals::no_listener;
use super::Allowed::{Flag, Text};
use super::{Attributes, Known, known};
use crate::lab::refusal::Refused;
use crate::lab::world::World;

const KNOWN: &[Known] = &[
    known("routing.http.response.server.enabled", "true", Flag),
    known(
        "routing.http.response.strict_transport_security.header_value",
        "",
        Text,
    ),
    known(
        "routing.http.response.access_control_allow_origin.header_value",
        "",
        Text,
    ),
    known(
        "routing.http.response.access_control_allow_methods.header_value",
        "",
        Text,
    ),
    known(
        "routing.http.response.access_control_allow_headers.header_value",
        "",
        Text,
    ),
    known(
        "routing.http.response.access_control_allow_credentials.header_value",
        "",
        Text,
    ),
    known(
        "routing.http.response.access_control_expose_headers.header_value",
        "",
        Text,
    ),
    known(
        "routing.http.response.access_control_max_age.header_value",
        "",
        Text,
    ),
    known(
        "routing.http.response.content_security_policy.header_value",
        "",
        Text,
    ),
    known(
        "routing.http.response.x_content_type_options.header_value",
        "",
        Text,
    ),
    known("routing.http.response.x_frame_options.header_value", "", Text),
    known(
        "routing.http.request.x_amzn_mtls_clientcert_serial_number.header_name",
        "",
        Text,
    ),
    known(
        "routing.http.request.x_amzn_mtls_clientcert_issuer.header_name",
        "",
        Text,
    ),
    known(
        "routing.http.request.x_amzn_mtls_clientcert_subject.header_name",
        "",
        Text,
    ),
    known(
        "routing.http.request.x_amzn_mtls_clientcert_validity.header_name",
        "",
        Text,
    ),
    known(
        "routing.http.request.x_amzn_mtls_clientcert_leaf.header_name",
        "",
        Text,
    ),
    known(
        "routing.http.request.x_amzn_mtls_clientcert.header_name",
        "",
        Text,
    ),
    known("routing.http.request.x_amzn_tls_version.header_name", "", Text),
    known(
        "routing.http.request.x_amzn_tls_cipher_suite.header_name",
        "",
        Text,
    ),
];

pub(in super::super) fn new() -> Attributes {
    Attributes::new(KNOWN)
}

impl World {
    /// `ModifyListenerAttributes`.
    pub fn change_listener_attributes(
        &mut self,
        arn: &str,
        changes: &[(String, String)],
    ) -> Result<&Attributes, Refused> {
        let changed = self.listener(arn)?.attributes.with(changes)?;
        let listener = self
            .balancing
            .listeners
            .get_mut(arn)
            .ok_or_else(|| no_listener(arn))?;
        listener.attributes = changed;
        Ok(&listener.attributes)
    }
}
