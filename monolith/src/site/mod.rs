//! The web site: pages, styles, scripts and drawings, all inside the binary.

/// The URL of a mysfit's picture, given its name as it stands in URLs.
pub fn picture_url(slug: &str) -> String {
    format!("/img/{slug}.svg")
}
