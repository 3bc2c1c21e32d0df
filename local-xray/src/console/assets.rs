//! Stylesheet, scripts and icon: embedded in the binary, served under names that contain a hash of their content, so
//! that browsers may keep them for ever.

use std::fmt::Write as _;
use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpResponse, web};
use sha2::{Digest, Sha256};

use super::error::PageError;

struct File {
    stem: &'static str,
    extension: &'static str,
    content_type: &'static str,
    content: &'static str,
}

const STYLE: File = File {
    stem: "console",
    extension: "css",
    content_type: "text/css; charset=utf-8",
    // One file, because a browser asks for it once; in this order, because later rules overrule.
    content: concat!(
        include_str!("static/style/theme.css"),
        include_str!("static/style/frame.css"),
        include_str!("static/style/parts.css"),
        include_str!("static/style/map.css"),
        include_str!("static/style/panel.css"),
        include_str!("static/style/charts.css"),
        include_str!("static/style/dashboard.css"),
        include_str!("static/style/traces.css"),
        include_str!("static/style/analytics.css"),
        include_str!("static/style/trace.css"),
        include_str!("static/style/why.css"),
        include_str!("static/style/logs.css"),
        include_str!("static/style/settings.css"),
        include_str!("static/style/intake.css"),
        include_str!("static/style/unread.css"),
        include_str!("static/style/empty.css"),
        include_str!("static/style/narrow.css"),
    ),
};
const LIVE: File = script("live", include_str!("static/live.js"));
const MAP: File = script("map", include_str!("static/map.js"));
const COPY: File = script("copy", include_str!("static/copy.js"));
const BRUSH: File = script("brush", include_str!("static/brush.js"));
const FILTER: File = script("filter", include_str!("static/filter.js"));
const TIMELINE: File = script("timeline", include_str!("static/timeline.js"));
const ICON: File =
    File { stem: "icon", extension: "svg", content_type: "image/svg+xml", content: include_str!("static/icon.svg") };

const fn script(stem: &'static str, content: &'static str) -> File {
    File { stem, extension: "js", content_type: "text/javascript; charset=utf-8", content }
}

/// The addresses of all files.
pub(super) struct Urls {
    pub(super) style: String,
    pub(super) live: String,
    pub(super) map: String,
    pub(super) copy: String,
    pub(super) filter: String,
    pub(super) brush: String,
    pub(super) timeline: String,
    pub(super) icon: String,
}

// A constant that cannot be computed at compile time.
static URLS: LazyLock<Urls> = LazyLock::new(|| Urls {
    style: url(&STYLE),
    live: url(&LIVE),
    map: url(&MAP),
    copy: url(&COPY),
    filter: url(&FILTER),
    brush: url(&BRUSH),
    timeline: url(&TIMELINE),
    icon: url(&ICON),
});

/// The addresses of all files, for the frame.
pub(super) fn urls() -> &'static Urls {
    &URLS
}

/// Serves one file.
pub(super) async fn serve(name: web::Path<String>) -> Result<HttpResponse, PageError> {
    let wanted = format!("/static/{name}");
    let files = [STYLE, LIVE, MAP, COPY, FILTER, BRUSH, TIMELINE, ICON];
    let file = files.into_iter().find(|file| url(file) == wanted).ok_or_else(|| {
        PageError::not_found("There is no such file. Pages name the files they need; reload the page.")
    })?;
    Ok(HttpResponse::Ok()
        .content_type(file.content_type)
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(file.content))
}

fn url(file: &File) -> String {
    let mut hash = String::new();
    for byte in Sha256::digest(file.content.as_bytes()).iter().take(6) {
        let _ = write!(hash, "{byte:02x}");
    }
    format!("/static/{}-{hash}.{}", file.stem, file.extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_with_the_content() {
        let changed = File { content: "other", ..STYLE };
        assert_ne!(url(&STYLE), url(&changed));
        assert!(urls().style.starts_with("/static/console-") && urls().style.ends_with(".css"));
    }
}
