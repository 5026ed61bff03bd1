//! Who the lab's server answers, and the word it leaves.

use hyper::Method;
use hyper::header::{HOST, HeaderMap, HeaderValue, ORIGIN};

use super::guard::{admit, admit_write};
use super::whereabouts::Whereabouts;

fn headers(host: &str, origin: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_str(host).expect("a header"));
    if let Some(origin) = origin {
        headers.insert(ORIGIN, HeaderValue::from_str(origin).expect("a header"));
    }
    headers
}

#[test]
fn only_names_of_this_machine_are_answered() {
    for host in [
        "127.0.0.1:4600",
        "localhost:4600",
        "LOCALHOST",
        "[::1]:4600",
        "127.8.8.8",
    ] {
        assert!(admit(&headers(host, None), None).is_ok(), "{host}");
    }
    for host in [
        "evil.example:4600",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1:80.evil.example",
        "[::1].evil.example",
        "192.168.0.1",
        "",
        "0.0.0.0",
    ] {
        assert!(admit(&headers(host, None), None).is_err(), "{host}");
    }
}

#[test]
fn a_page_from_elsewhere_is_refused() {
    assert!(admit(&headers("127.0.0.1:4600", Some("http://127.0.0.1:4600")), None).is_ok());
    for origin in [
        "https://evil.example",
        "null",
        "file://",
        "http://localhost.evil.example",
    ] {
        assert!(
            admit(&headers("127.0.0.1:4600", Some(origin)), None).is_err(),
            "{origin}"
        );
    }
}

#[test]
fn a_picture_on_a_page_from_elsewhere_is_refused_although_it_has_no_origin() {
    let asked = |site: &str| {
        let mut headers = headers("127.0.0.1:4600", None);
        headers.insert("sec-fetch-site", HeaderValue::from_str(site).expect("a header"));
        admit(&headers, None)
    };
    assert!(asked("cross-site").is_err());
    for site in ["none", "same-origin", "same-site"] {
        assert!(asked(site).is_ok(), "{site}");
    }
}

#[test]
fn a_control_write_needs_the_header_that_a_form_cannot_send() {
    let mut headers = HeaderMap::new();
    assert!(admit_write(&Method::GET, &headers).is_ok());
    assert!(admit_write(&Method::POST, &headers).is_err());
    assert!(admit_write(&Method::DELETE, &headers).is_err());
    headers.insert("x-lab", HeaderValue::from_static("1"));
    assert!(admit_write(&Method::POST, &headers).is_ok());
}

#[test]
fn word_of_a_lab_is_taken_back_by_the_one_that_left_it_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Whereabouts {
        pid: 1,
        port: 4600,
        started: jiff::Timestamp::UNIX_EPOCH,
    };
    let second = Whereabouts {
        pid: 2,
        ..first.clone()
    };
    first.leave(folder.path()).expect("a folder to write in");
    second.leave(folder.path()).expect("a folder to write in");
    first.take_back(folder.path()).expect("a folder to write in");
    assert_eq!(
        Whereabouts::find(folder.path()).expect("a folder to write in"),
        Some(second.clone())
    );
    second.take_back(folder.path()).expect("a folder to write in");
    assert_eq!(
        Whereabouts::find(folder.path()).expect("a folder to write in"),
        None
    );
}
