//! Objects for S3 in, calls out. Buckets are addressed by path.

use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::{Call, Outside};
use crate::iot::actions::CannedAccessControlList;
use crate::signature::encoded;

/// S3 `PutObject`.
#[must_use]
pub fn put_object(bucket: &str, key: &str, acl: Option<CannedAccessControlList>, body: Vec<u8>) -> Call {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    if let Some(acl) = acl {
        headers.insert(HeaderName::from_static("x-amz-acl"), HeaderValue::from_static(acl.as_str()));
    }
    // A slash of a key stays one; whatever else stands in it is encoded.
    let key: Vec<String> = key.split('/').map(encoded).collect();
    let path = format!("/{}/{}", encoded(bucket), key.join("/"));
    Call { service: Outside::S3, operation: "PutObject", method: Method::PUT, path, headers, body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_path_whose_slashes_stay() {
        let call = put_object("b", "a/ä b/$c.json", Some(CannedAccessControlList::PublicRead), b"x".to_vec());
        assert_eq!((call.method.as_str(), call.path.as_str()), ("PUT", "/b/a/%C3%A4%20b/%24c.json"));
        assert_eq!(call.headers["x-amz-acl"], "public-read");
        assert_eq!(put_object("b", "/a//b", None, Vec::new()).path, "/b//a//b");
    }
}
