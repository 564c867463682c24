//! The facts about a request that the pipeline hands to its handler.

use std::cell::Cell;
use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use bytes::Bytes;
use uuid::Uuid;

use super::problem::HttpError;
use crate::config::StageName;
use crate::gate::{KeyId, ValueId};

/// The id of one request, in its answer and in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

impl RequestId {
    /// Makes a new id; ids sort by the time at which they were made.
    pub fn generate() -> RequestId {
        RequestId(Uuid::now_v7())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A call that has passed the gate, with its body. Handlers take it as an argument.
#[derive(Clone)]
pub struct Call(Rc<CallParts>);

pub struct CallParts {
    pub request_id: RequestId,
    pub stage: StageName,
    /// The stage prefix as the client wrote it: `/{stage}`, or nothing for the default stage.
    pub prefix: String,
    /// The id of the call's key, if the method needs one.
    pub key: Option<KeyId>,
    /// The value of the key that the call was sent with.
    pub key_value: Option<ValueId>,
    pub client_address: IpAddr,
    pub body: Bytes,
    /// The game that the call concerns, for the log. The handler sets it.
    pub game: Cell<Option<Uuid>>,
}

impl Call {
    pub fn new(parts: CallParts) -> Call {
        Call(Rc::new(parts))
    }
}

impl std::ops::Deref for Call {
    type Target = CallParts;

    fn deref(&self) -> &CallParts {
        &self.0
    }
}

impl FromRequest for Call {
    type Error = HttpError;
    type Future = std::future::Ready<Result<Call, HttpError>>;

    /// Takes the call that the pipeline added to the request. Without one, the path does not exist.
    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        std::future::ready(
            request
                .extensions()
                .get::<Call>()
                .cloned()
                .ok_or(HttpError::NotFound),
        )
    }
}
