//! The drawings: one file a creature in `static/pictures/`, all in one hand.
//!
//! Each is 400 by 400 on a tinted ground with a lighter disc behind the creature; by night the ground goes dark and the disc
//! becomes lantern light. One ink outline, 7 wide on shapes and 4 to 6 on details, and one palette: the tests hold it.

use crate::site::assets;

/// What each drawing shows, for those who cannot see it; by the mysfit's name as it stands in URLs.
const SHOWN: [(&str, &str); 12] = [
    ("evangeline", "A crowned lion with a bored goat rising from its back and a snake for a tail"),
    ("pauly", "A lilac toddler with one large eye, one tooth and one horn, holding a toy sheep"),
    ("coco", "A round red dragon with amber wings, carefully holding a potted plant"),
    ("gretta", "A woman with teal skin, heavy eyelids and ten green snakes for hair"),
    ("hasla", "A teal stone lion with a curly mane, one horn and a bell around her neck, baring her teeth"),
    ("snowflake", "A shaggy white yeti with a blue face, grinning and raising a snowball"),
    ("gary", "A lilac kraken with tired eyes, holding up a small sailing ship"),
    ("nessi", "A long-necked plesiosaurus in a tartan scarf, half out of the water"),
    ("atlantis", "A mandrake root with leaves and flowers for hair, screaming in its pot"),
    ("twilight-glitter", "A small white winged horse with a violet mane and a star on its flank"),
    ("cole", "A red and gold phoenix with a crest of flame, wings spread wide"),
    ("rujin", "A green troll with tusks and mushrooms on his head, leaning on the wall of his bridge"),
];

/// The URL of a mysfit's picture, given its name as it stands in URLs; whoever is not drawn yet is an egg.
pub fn picture_url(slug: &str) -> String {
    let url = assets::url(&format!("pictures/{slug}.svg"));
    url.unwrap_or_else(egg_url).to_owned()
}

/// What a mysfit's picture shows, given its name as it stands in URLs.
pub fn picture_text(slug: &str) -> &'static str {
    SHOWN.iter().find(|(drawn, _)| *drawn == slug).map_or("An egg, with somebody looking out", |(_, text)| text)
}

/// The URL of the egg: the site's icon, and the face of every page that has nobody to show.
pub fn egg_url() -> &'static str {
    assets::url("pictures/egg.svg").expect("the egg is embedded, as a test makes sure")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::roster::ROSTER;

    /// Every colour a creature may have; grounds and discs are its own.
    const PALETTE: [&str; 20] = [
        "#2b2130", "#fff4dc", "#e8bf82", "#c48f52", "#f4b044", "#e9694f", "#b8452f", "#f2a7a7", "#8fb25e", "#567f45",
        "#52aaa0", "#2f7674", "#a9d3ea", "#5f9cc4", "#b3a1d9", "#77549a", "#b9b3a6", "#857f7d", "#f4f6f5", "#cfe3ec",
    ];

    fn drawings() -> Vec<(&'static str, String)> {
        let names = SHOWN.iter().map(|(slug, _)| *slug).chain(["egg"]);
        names
            .map(|name| (name, String::from_utf8(assets::bytes(&format!("pictures/{name}.svg")).to_vec()).unwrap()))
            .collect()
    }

    #[test]
    fn every_mysfit_is_drawn_and_described() {
        let slug = |name: &str| name.to_lowercase().replace(' ', "-");
        let roster: BTreeSet<_> = ROSTER.iter().map(|entry| slug(entry.name)).collect();
        assert_eq!(roster, SHOWN.iter().map(|(drawn, _)| (*drawn).to_owned()).collect());
        for drawn in &roster {
            assert_ne!(picture_url(drawn), egg_url(), "{drawn} is drawn");
        }
        assert_eq!(picture_url("nobody"), egg_url());
    }

    #[test]
    fn a_drawing_is_whole_and_keeps_to_itself() {
        for (name, drawing) in drawings() {
            check_elements(name, &drawing);
            assert!(drawing.len() <= 6_000, "{name} has {} bytes", drawing.len());
            for forbidden in ["<script", "<image", "<foreignObject", "<!", "://", "url(", "data:", " on"] {
                let without_namespace = drawing.replace("http://www.w3.org/2000/svg", "");
                assert!(!without_namespace.contains(forbidden), "{name} contains {forbidden}");
            }
            for reference in drawing.split("href=\"").skip(1) {
                assert!(
                    reference.starts_with('#'),
                    "{name} refers to {}",
                    reference.chars().take(20).collect::<String>()
                );
            }
        }
    }

    #[test]
    fn all_drawings_share_one_frame_one_ink_and_one_palette() {
        for (name, drawing) in drawings() {
            assert!(drawing.contains("viewBox=\"0 0 400 400\""), "{name}");
            assert!(drawing.contains("stroke=\"#2b2130\" stroke-width=\"7\""), "{name}");
            let (_, creature) = drawing.split_once("</style>").unwrap();
            for colour in
                creature.split("=\"#").skip(1).filter_map(|rest| rest.split('"').next()).filter(|text| text.len() == 6)
            {
                assert!(PALETTE.contains(&format!("#{colour}").as_str()), "{name} uses #{colour}");
            }
        }
    }

    /// Panics unless every element that opens closes in order: enough of XML for the drawings, which have no comments or entities.
    fn check_elements(name: &str, drawing: &str) {
        let mut open = Vec::new();
        for rest in drawing.split('<').skip(1) {
            let (tag, _) = rest.split_once('>').unwrap_or_else(|| panic!("{name}: a tag without an end: {rest}"));
            assert_eq!(tag.matches('"').count() % 2, 0, "{name}: a quote without its twin in <{tag}>");
            if let Some(closed) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(closed), "{name}: </{closed}> where something else is open");
            } else if !tag.ends_with('/') {
                open.push(tag.split_whitespace().next().unwrap());
            }
        }
        assert!(open.is_empty() && drawing.trim_end().ends_with("</svg>"), "{name}: {open:?} stays open");
    }
}
