//! local-xray
