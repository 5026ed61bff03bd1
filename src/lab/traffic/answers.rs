//! What the load balancer answers by itself: error pages, fixed responses, and redirects once it is known where to.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION, SERVER};
use http::{HeaderValue, Response, StatusCode};

use super::receiving::ResponseBody;
use super::record::Record;

/// An error page.
pub(super) fn error(status: u16, mut record: Record) -> Response<ResponseBody> {
    let reason = match status {
        503 => "Service Temporarily Unavailable",
        504 => "Gateway Time-out",
        status => StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Error"),
    };
    record.answer_itself(status);
    let page = format!(
        "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n\
         <center><h1>{status} {reason}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    own(status, "text/html", page.into(), record)
}

/// A rule's fixed response.
pub(super) fn fixed(
    status: u16,
    content_type: &str,
    body: &str,
    mut record: Record,
) -> Response<ResponseBody> {
    record.answer_itself(status);
    own(
        status,
        content_type,
        Bytes::copy_from_slice(body.as_bytes()),
        record,
    )
}

/// A rule's redirect.
pub(super) fn redirect(status: u16, location: &str, mut record: Record) -> Response<ResponseBody> {
    record.answer_itself(status);
    record.redirect(location);
    let mut response = own(status, "", Bytes::new(), record);
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

fn own(status: u16, content_type: &str, text: Bytes, record: Record) -> Response<ResponseBody> {
    let text = Some(text).filter(|text| !text.is_empty());
    let mut response = Response::new(ResponseBody::Own { text, record });
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(SERVER, HeaderValue::from_static("awselb/2.0"));
    if let Some(content_type) = HeaderValue::from_str(content_type)
        .ok()
        .filter(|value| !value.is_empty())
    {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    response
}
