//! Embedded files under hashed names: a URL names content, so browsers may keep it for ever, and a new build brings new URLs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use rust_embed::{EmbeddedFile, RustEmbed};

/// The folder of URLs under which every file is served.
pub const FOLDER: &str = "/assets/";

/// How many bytes of a file's SHA-256 stand in its URL.
const FINGERPRINT_BYTES: usize = 6;

#[derive(RustEmbed)]
#[folder = "src/site/static"]
struct Files;

/// A file as it is served.
#[derive(Debug)]
pub struct Asset {
    /// Its media type.
    pub content_type: &'static str,
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
}

/// Every file, by the last part of its URL, and every URL, by the path of its file. Constant for a build.
struct Index {
    by_name: BTreeMap<String, Asset>,
    urls: BTreeMap<String, String>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index { by_name: BTreeMap::new(), urls: BTreeMap::new() };
    for path in Files::iter() {
        let Some(file) = Files::get(&path) else { continue };
        let name = hashed_name(&path, &file);
        index.urls.insert(path.to_string(), format!("{FOLDER}{name}"));
        index.by_name.insert(name, Asset { content_type: content_type(&path), bytes: file.data });
    }
    index
});

/// The URL of a file, given its path below `static/`.
pub fn url(path: &str) -> Option<&'static str> {
    INDEX.urls.get(path).map(String::as_str)
}

/// The file behind the last part of a URL.
pub fn find(name: &str) -> Option<&'static Asset> {
    INDEX.by_name.get(name)
}

/// `pictures/cole.svg` becomes `cole-0123456789ab.svg`.
fn hashed_name(path: &str, file: &EmbeddedFile) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "bin"));
    let mut hashed = format!("{stem}-");
    for byte in file.metadata.sha256_hash().iter().take(FINGERPRINT_BYTES) {
        let _ = write!(hashed, "{byte:02x}"); // writing to a String cannot fail
    }
    hashed + "." + extension
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("svg") => "image/svg+xml",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// The content of a file, for tests that read it.
#[cfg(test)]
pub(crate) fn bytes(path: &str) -> &'static [u8] {
    let name = url(path).and_then(|url| url.strip_prefix(FOLDER)).unwrap();
    &find(name).unwrap().bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_hashed_url_that_leads_back_to_it() {
        for (path, url) in &INDEX.urls {
            let name = url.strip_prefix(FOLDER).unwrap();
            let (stem, rest) = name.rsplit_once('-').unwrap();
            let (fingerprint, _) = rest.split_once('.').unwrap();
            assert!(path.contains(stem), "{path} is served as {url}");
            assert!(
                fingerprint.len() == 2 * FINGERPRINT_BYTES && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit())
            );
            assert_ne!(find(name).unwrap().content_type, "application/octet-stream", "{path}");
        }
        assert_eq!(INDEX.urls.len(), INDEX.by_name.len(), "no two files share a URL");
    }

    #[test]
    fn only_whole_names_are_found() {
        assert!(find("site.css").is_none() && find("").is_none() && find("../Cargo.toml").is_none());
        assert!(url("pictures/nobody.svg").is_none());
    }
}
