//! Widths of text that the server cannot measure: an estimate per character for system sans-serif fonts, on the
//! generous side, so that labels keep their distance in every browser.

/// Estimates the width of a line in pixels at the given font size.
pub(super) fn width(text: &str, font_size: f64) -> f64 {
    text.chars().map(em).sum::<f64>() * font_size
}

/// Shortens a line to at most `max` pixels, with an ellipsis in its middle: names often differ at their ends.
pub(super) fn shorten(text: &str, font_size: f64, max: f64) -> String {
    if width(text, font_size) <= max {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let mut kept = characters.len();
    while kept > 1 {
        kept -= 1;
        let head: String = characters.iter().take(kept.div_ceil(2)).collect();
        let tail: String = characters.iter().skip(characters.len() - kept / 2).collect();
        let shortened = format!("{}…{}", head.trim_end(), tail.trim_start());
        if width(&shortened, font_size) <= max {
            return shortened;
        }
    }
    "…".to_owned()
}

/// Width of one character in units of the font size.
fn em(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | ' ' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | '(' | ')' | '['
        | ']' | '/' | '·' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 0.92,
        'A'..='Z' | '0'..='9' => 0.66,
        _ if character.is_ascii() => 0.59,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_text_stays() {
        assert_eq!(shorten("monolith", 13.0, 160.0), "monolith");
        assert_eq!(shorten("", 13.0, 160.0), "");
    }

    #[test]
    fn long_text_keeps_both_ends_and_fits() {
        let name = "awseb-e-dv5jyz2ta4-stack-StartupSignupsTable-4IMSMHAYX2BA";
        let shortened = shorten(name, 13.0, 160.0);
        assert!(shortened.starts_with("awseb") && shortened.ends_with("2BA"), "{shortened}");
        assert!(width(&shortened, 13.0) <= 160.0);
        assert_eq!(shorten("é…日本語テキスト", 13.0, 5.0), "…");
    }
}
