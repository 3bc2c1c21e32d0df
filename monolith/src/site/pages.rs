//! The pages as ready-to-print text: whatever a template shows was decided here.

use actix_web::http::StatusCode;
use askama::Template;

use crate::config::SiteSettings;
use crate::domain::{GoodEvil, LawChaos, Mysfit, Selection};
use crate::site::{age, assets, pictures};

/// What is the same around every page.
#[derive(Debug)]
pub struct Frame {
    /// URL of the style sheet.
    pub style_url: &'static str,
    /// URL of the script.
    pub script_url: &'static str,
    /// URL of the site's icon, an egg.
    pub egg_url: &'static str,
    /// Where "view trace" leads, with `{trace_id}` in the place of the id; empty hides the link.
    pub trace_url_template: String,
}

impl Frame {
    /// Prepares the frame for one page.
    pub fn new(settings: &SiteSettings) -> Self {
        Frame {
            style_url: assets::url("site.css").expect("the style sheet is embedded, as a test makes sure"),
            script_url: assets::url("site.js").expect("the script is embedded, as a test makes sure"),
            egg_url: pictures::egg_url(),
            trace_url_template: settings.trace_url_template.clone().unwrap_or_default(),
        }
    }
}

/// All creatures, or those with one alignment.
#[derive(Debug, Template)]
#[template(path = "home.html")]
pub struct HomePage {
    /// What surrounds the page.
    pub frame: Frame,
    /// The link to everybody.
    pub everybody: Choice,
    /// The other filters, an axis at a time.
    pub axes: Vec<Axis>,
    /// Whom this page shows, such as `Good` or `Everybody`.
    pub heading: &'static str,
    /// The creatures on it.
    pub cards: Vec<Card>,
}

/// One creature, large.
#[derive(Debug, Template)]
#[template(path = "profile.html")]
pub struct ProfilePage {
    /// What surrounds the page.
    pub frame: Frame,
    /// The creature.
    pub card: Card,
    /// Who comes before it in the roster, the last one before the first.
    pub previous: Neighbour,
    /// Who comes after it, the first one after the last.
    pub next: Neighbour,
}

/// Something went wrong, and an egg to look at meanwhile.
#[derive(Debug, Template)]
#[template(path = "problem.html")]
pub struct ProblemPage {
    /// What surrounds the page.
    pub frame: Frame,
    /// What happened, in a few words.
    pub heading: &'static str,
    /// What happened, in a sentence.
    pub message: String,
    /// The id of the request's trace, if it has one.
    pub trace_id: Option<String>,
}

/// A creature with its buttons.
#[derive(Debug)]
pub struct Card {
    /// Its id in the API.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub species: String,
    /// Who it is.
    pub description: String,
    /// Its age in words.
    pub age: String,
    /// Both places in words, such as `Lawful Evil`.
    pub alignment: String,
    /// The class that colours the alignment.
    pub tone: &'static str,
    /// The URL of its own page.
    pub page_url: String,
    /// The URL of its drawing.
    pub picture_url: String,
    /// What the drawing shows.
    pub picture_text: &'static str,
    /// Its likes.
    pub likes: u64,
    /// Whether it has found a home.
    pub adopted: bool,
}

/// A group of filters.
#[derive(Debug)]
pub struct Axis {
    /// What the group is about.
    pub label: &'static str,
    /// Its three filters.
    pub choices: Vec<Choice>,
}

/// A link that filters.
#[derive(Debug)]
pub struct Choice {
    /// The word on it.
    pub label: &'static str,
    /// Where it leads.
    pub url: String,
    /// Whether it is what the page shows.
    pub is_current: bool,
}

/// A link to another creature.
#[derive(Debug)]
pub struct Neighbour {
    /// Its name.
    pub name: String,
    /// The URL of its page.
    pub url: String,
}

impl HomePage {
    /// Lays out the creatures that a selection found.
    pub fn new(frame: Frame, selection: Selection, mysfits: Vec<Mysfit>) -> Self {
        let heading = match selection {
            Selection::All => "Everybody",
            Selection::GoodEvil(value) => value.as_str(),
            Selection::LawChaos(value) => value.as_str(),
        };
        let everybody = Choice { label: "Everybody", url: "/".to_owned(), is_current: selection == Selection::All };
        let axes = vec![
            Axis { label: "Morals", choices: GoodEvil::ALL.map(|value| moral(value, selection)).into() },
            Axis { label: "Manners", choices: LawChaos::ALL.map(|value| manner(value, selection)).into() },
        ];
        HomePage { frame, everybody, axes, heading, cards: mysfits.into_iter().map(Card::from).collect() }
    }
}

impl ProfilePage {
    /// Lays out the creature whose name stands in the URL; `None` when nobody in the roster has it.
    pub fn find(frame: Frame, slug: &str, mut roster: Vec<Mysfit>) -> Option<Self> {
        let place = roster.iter().position(|mysfit| mysfit.slug() == slug)?;
        roster.rotate_left(place);
        let (next, previous) = (Neighbour::from(roster.get(1).or(roster.first())?), Neighbour::from(roster.last()?));
        let card = Card::from(roster.into_iter().next()?);
        Some(ProfilePage { frame, card, previous, next })
    }
}

impl ProblemPage {
    /// Puts a status and its message into friendlier words.
    pub fn new(frame: Frame, status: StatusCode, message: &str, trace_id: Option<String>) -> Self {
        let heading = match status {
            StatusCode::NOT_FOUND => "Nobody lives here",
            StatusCode::BAD_REQUEST => "We cannot sort by that",
            StatusCode::SERVICE_UNAVAILABLE => "The creatures are out of reach",
            _ => "Something has gone wrong",
        };
        ProblemPage { frame, heading, message: sentence(message), trace_id }
    }
}

fn moral(value: GoodEvil, selection: Selection) -> Choice {
    let url = format!("/?filter=GoodEvil&value={value}");
    Choice { label: value.as_str(), url, is_current: selection == Selection::GoodEvil(value) }
}

fn manner(value: LawChaos, selection: Selection) -> Choice {
    let url = format!("/?filter=LawChaos&value={value}");
    Choice { label: value.as_str(), url, is_current: selection == Selection::LawChaos(value) }
}

/// An error's words, which are lowercase and without a full stop, as a sentence.
fn sentence(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).chain(['.']).collect()
}

/// Both places on their axes, as players of old games say them.
fn alignment(law_chaos: LawChaos, good_evil: GoodEvil) -> String {
    match (law_chaos, good_evil) {
        (LawChaos::Neutral, GoodEvil::Neutral) => "True Neutral".to_owned(),
        _ => format!("{law_chaos} {good_evil}"),
    }
}

fn page_url(mysfit: &Mysfit) -> String {
    format!("/creatures/{}", mysfit.slug())
}

impl From<Mysfit> for Card {
    fn from(mysfit: Mysfit) -> Self {
        let slug = mysfit.slug();
        Card {
            id: mysfit.id.to_string(),
            age: age::in_words(mysfit.age),
            alignment: alignment(mysfit.law_chaos, mysfit.good_evil),
            tone: match mysfit.good_evil {
                GoodEvil::Good => "good",
                GoodEvil::Neutral => "neutral",
                GoodEvil::Evil => "evil",
            },
            page_url: page_url(&mysfit),
            picture_url: pictures::picture_url(&slug),
            picture_text: pictures::picture_text(&slug),
            name: mysfit.name,
            species: mysfit.species,
            description: mysfit.description,
            likes: mysfit.likes,
            adopted: mysfit.adopted,
        }
    }
}

impl From<&Mysfit> for Neighbour {
    fn from(mysfit: &Mysfit) -> Self {
        Neighbour { name: mysfit.name.clone(), url: page_url(mysfit) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::roster::{ROSTER, RosterEntry};

    fn frame() -> Frame {
        Frame::new(&SiteSettings {
            trace_url_template: Some("https://traces.example/?id={trace_id}&x=\"y\"".to_owned()),
        })
    }

    fn roster() -> Vec<Mysfit> {
        let mysfit = |entry: &RosterEntry| Mysfit {
            id: entry.id,
            name: entry.name.to_owned(),
            species: entry.species.to_owned(),
            description: entry.description.to_owned(),
            age: entry.age,
            good_evil: entry.good_evil,
            law_chaos: entry.law_chaos,
            likes: 7,
            adopted: entry.name == "Pauly",
        };
        ROSTER.iter().map(mysfit).collect()
    }

    #[test]
    fn the_home_page_shows_everybody_with_a_picture_and_buttons() {
        let html = HomePage::new(frame(), Selection::All, roster()).render().unwrap();
        assert_eq!(html.matches("<article").count(), 12);
        for entry in ROSTER {
            assert!(html.contains(entry.name) && html.contains(&entry.id.to_string()), "{}", entry.name);
        }
        assert!(html.contains("2 billion years") && html.contains("Lawful Evil") && html.contains("True Neutral"));
        assert_eq!(html.matches("is-adopted").count(), 1);
        assert!(html.contains("<a href=\"/\" aria-current=\"page\">Everybody</a>"));
    }

    #[test]
    fn a_filter_is_marked_as_the_one_in_use() {
        let html = HomePage::new(frame(), Selection::LawChaos(LawChaos::Neutral), vec![]).render().unwrap();
        assert!(
            html.contains("<a href=\"/?filter=LawChaos&#38;value=Neutral\" aria-current=\"page\">Neutral</a>"),
            "{html}"
        );
        assert_eq!(html.matches("aria-current").count(), 1);
        assert!(html.contains("Nobody fits that description"));
    }

    #[test]
    fn a_profile_knows_its_neighbours_around_the_corner() {
        let page = ProfilePage::find(frame(), "evangeline", roster()).unwrap();
        assert_eq!((page.previous.name.as_str(), page.next.name.as_str()), ("Rujin", "Pauly"));
        let html = page.render().unwrap();
        assert!(html.contains("/creatures/rujin") && html.contains("majority vote"), "{html}");
        assert!(ProfilePage::find(frame(), "Evangeline", roster()).is_none());
        assert!(ProfilePage::find(frame(), "evangeline", vec![]).is_none());
        let alone = ProfilePage::find(frame(), "evangeline", roster().into_iter().take(1).collect()).unwrap();
        assert_eq!(alone.next.name, "Evangeline");
    }

    #[test]
    fn a_problem_is_told_in_a_sentence() {
        fn check(message: &str, expected: &str) {
            let page = ProblemPage::new(frame(), StatusCode::NOT_FOUND, message, None);
            assert_eq!((page.heading, page.message.as_str()), ("Nobody lives here", expected));
        }
        check("no creature goes by that name", "No creature goes by that name.");
        check("ß", "SS.");
        check("", ".");
    }

    #[test]
    fn text_is_escaped_wherever_it_stands() {
        let mut mysfit = roster().remove(0);
        mysfit.name = "<b>\"Eva\" & 'co'".to_owned();
        mysfit.description = "</p><script>alert(1)</script>".to_owned();
        let home = HomePage::new(frame(), Selection::All, vec![mysfit.clone()]).render().unwrap();
        let profile = ProfilePage::find(frame(), &mysfit.slug(), vec![mysfit]).unwrap().render().unwrap();
        let problem = ProblemPage::new(frame(), StatusCode::NOT_FOUND, "<i>nobody</i>", None).render().unwrap();
        for html in [home, profile, problem] {
            assert!(
                !html.contains("<b>") && !html.contains("alert(1)</script>") && !html.contains("<i>nobody"),
                "{html}"
            );
            assert!(html.contains("{trace_id}&#38;x=&#34;y&#34;"), "{html}");
        }
    }
}
