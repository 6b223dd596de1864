//! A refused call in, the reply that AWS clients and people both can read out.

use axum::Json;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// Why a call was refused, with the name that AWS's clients look for.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) text: String,
}

impl Refused {
    pub(crate) fn invalid(text: impl Into<String>) -> Refused {
        Refused { status: StatusCode::BAD_REQUEST, code: "InvalidRequestException", text: text.into() }
    }

    pub(crate) fn not_found(text: impl Into<String>) -> Refused {
        Refused { status: StatusCode::NOT_FOUND, code: "ResourceNotFoundException", text: text.into() }
    }

    pub(crate) fn conflict(text: impl Into<String>) -> Refused {
        Refused { status: StatusCode::CONFLICT, code: "ResourceAlreadyExistsException", text: text.into() }
    }

    pub(crate) fn forbidden(text: impl Into<String>) -> Refused {
        Refused { status: StatusCode::FORBIDDEN, code: "UnauthorizedException", text: text.into() }
    }

    pub(crate) fn unavailable(text: impl Into<String>) -> Refused {
        Refused {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "ServiceUnavailableException",
            text: text.into(),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "__type": self.code, "message": self.text });
        let mut response = (self.status, Json(body)).into_response();
        response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(self.code));
        response
    }
}
