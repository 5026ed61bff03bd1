//! Load balancer attributes.

use super::super::refusals::{bad_configuration, no_balancer};
use super::Allowed::{Flag, OneOf, Text, Whole};
use super::{Attributes, Known, known};
use crate::lab::refusal::Refused;
use crate::lab::world::World;

const KNOWN: &[Known] = &[
    known("access_logs.s3.enabled", "false", Flag),
    known("access_logs.s3.bucket", "", Text),
    known("access_logs.s3.prefix", "", Text),
    known("idle_timeout.timeout_seconds", "60", Whole(1, 4000)),
    known("deletion_protection.enabled", "false", Flag),
    known("routing.http2.enabled", "true", Flag),
    known("routing.http.drop_invalid_header_fields.enabled", "false", Flag),
    known("routing.http.xff_client_port.enabled", "false", Flag),
    known("routing.http.preserve_host_header.enabled", "false", Flag),
    known(
        "routing.http.xff_header_processing.mode",
        "append",
        OneOf(&["append", "preserve", "remove"]),
    ),
    known(
        "routing.http.desync_mitigation_mode",
        "defensive",
        OneOf(&["monitor", "defensive", "strictest"]),
    ),
    known(
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
        "false",
        Flag,
    ),
    known("load_balancing.cross_zone.enabled", "true", OneOf(&["true"])),
    known("waf.fail_open.enabled", "false", Flag),
    known("client_keep_alive.seconds", "3600", Whole(60, 604_800)),
    known("connection_logs.s3.enabled", "false", Flag),
    known("connection_logs.s3.bucket", "", Text),
    known("connection_logs.s3.prefix", "", Text),
    known("health_check_logs.s3.enabled", "false", Flag),
    known("health_check_logs.s3.bucket", "", Text),
    known("health_check_logs.s3.prefix", "", Text),
    known("ipv6.deny_all_igw_traffic", "false", Flag),
    known("zonal_shift.config.enabled", "false", Flag),
];

pub(in super::super) fn new() -> Attributes {
    Attributes::new(KNOWN)
}

fn check(attributes: &Attributes) -> Result<(), Refused> {
    for logs in ["access_logs", "connection_logs", "health_check_logs"] {
        let bucket = format!("{logs}.s3.bucket");
        if attributes.is_on(&format!("{logs}.s3.enabled")) && attributes.value(&bucket).is_empty() {
            return Err(bad_configuration(format!(
                "The attribute '{bucket}' is required when {logs} are enabled"
            )));
        }
    }
    Ok(())
}

impl World {
    /// `ModifyLoadBalancerAttributes`.
    pub fn change_load_balancer_attributes(
        &mut self,
        arn: &str,
        changes: &[(String, String)],
    ) -> Result<&Attributes, Refused> {
        let changed = self.load_balancer(arn)?.attributes.with(changes)?;
        check(&changed)?;
        self.touch_balancer(arn);
        let balancer = self
            .balancing
            .balancers
            .get_mut(arn)
            .ok_or_else(|| no_balancer(arn))?;
        balancer.attributes = changed;
        Ok(&balancer.attributes)
    }
}
