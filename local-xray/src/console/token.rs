//! The page that asks for the token of a protected local X-Ray, in place of whatever was asked for. It has no navigation:
//! nothing else can be seen before.

use actix_web::http::StatusCode;
use actix_web::http::header::WWW_AUTHENTICATE;
use actix_web::{HttpResponse, ResponseError};
use askama::Template;

use super::assets;
use super::page::respond;

#[derive(Template)]
#[template(path = "token.html")]
struct TokenPage<'a> {
    assets: &'static assets::Urls,
    /// Where the reader wanted to go.
    to: &'a str,
    is_wrong: bool,
}

/// Asks for the token; `to` is where it leads, `is_wrong` says that the one before was not it.
pub(crate) fn ask_for_token(to: &str, is_wrong: bool) -> HttpResponse {
    let page = TokenPage { assets: assets::urls(), to, is_wrong };
    let mut answer = respond(StatusCode::UNAUTHORIZED, &page).unwrap_or_else(|error| error.error_response());
    answer.headers_mut().insert(WWW_AUTHENTICATE, actix_web::http::header::HeaderValue::from_static("Bearer"));
    answer
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody as _;

    use super::*;

    fn html(to: &str, is_wrong: bool) -> String {
        let body = ask_for_token(to, is_wrong).into_body().try_into_bytes().unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[test]
    fn the_way_back_is_kept_and_a_wrong_token_is_said_to_be_one() {
        let page = html("/map?node=<script>", false);
        assert!(page.contains("value=\"/map?node=&#60;script&#62;\"") && !page.contains("role=\"alert\""), "{page}");
        assert!(html("/", true).contains("That is not the token"));
    }
}
