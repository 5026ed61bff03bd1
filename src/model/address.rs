//! Addresses as they may be shown: where something is, without what lets one in.

/// The address of a page or an endpoint without user, password, query and fragment.
pub fn shown(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let url = &url[..end];
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_lets_one_in_is_left_out_and_all_else_stays() {
        for (url, expected) in [
            ("https://ci.example/job/7/", "https://ci.example/job/7/"),
            (
                "https://ada:token@ci.example:8443/job/7/",
                "https://ci.example:8443/job/7/",
            ),
            ("https://a@b:c@ci.example?token=x", "https://ci.example"),
            ("https://ci.example/a@b#secret", "https://ci.example/a@b"),
            ("http://127.0.0.1:4566", "http://127.0.0.1:4566"),
            ("no address", "no address"),
        ] {
            assert_eq!(shown(url), expected, "{url}");
        }
    }
}
