//! What the API says, with the field names of the original application. The domain's types never cross a wire themselves.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::{Mysfit, MysfitId};
use crate::site;

/// Which mysfits to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SelectionQuery {
    /// The axis to select by: `GoodEvil` or `LawChaos`.
    pub filter: Option<String>,
    /// The place on that axis: `Good`, `Neutral` or `Evil`; `Lawful`, `Neutral` or `Chaotic`.
    pub value: Option<String>,
}

/// Some mysfits, in the order of the roster.
#[derive(Debug, Serialize, ToSchema)]
pub struct MysfitList {
    /// The selected ones.
    pub mysfits: Vec<MysfitBody>,
}

/// One mysfit.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Mysfit)]
pub struct MysfitBody {
    /// Its id, a UUID.
    #[schema(example = "4e53920c-505a-4a90-a694-b9300791f0ae")]
    pub mysfit_id: String,
    /// What it answers to.
    #[schema(example = "Evangeline")]
    pub name: String,
    /// What it is.
    #[schema(example = "Chimera")]
    pub species: String,
    /// Two or three sentences about it.
    pub description: String,
    /// Its age in years.
    #[schema(example = 43)]
    pub age: u64,
    /// `Good`, `Neutral` or `Evil`.
    #[serde(rename = "goodevil")]
    pub good_evil: &'static str,
    /// `Lawful`, `Neutral` or `Chaotic`.
    #[serde(rename = "lawchaos")]
    pub law_chaos: &'static str,
    /// Path of its picture for a card.
    pub thumb_image_uri: String,
    /// Path of its picture for a page of its own.
    pub profile_image_uri: String,
    /// How many likes were counted.
    pub likes: u64,
    /// Whether it has found a home.
    pub adopted: bool,
}

/// A mysfit's count of likes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LikesBody {
    /// Whom was liked.
    pub mysfit_id: String,
    /// How often, this like included.
    pub likes: u64,
}

/// The state of the service.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthBody {
    /// `live` or `ready`.
    pub status: &'static str,
}

impl From<Mysfit> for MysfitBody {
    fn from(mysfit: Mysfit) -> Self {
        let picture = site::picture_url(&mysfit.slug());
        MysfitBody {
            mysfit_id: mysfit.id.to_string(),
            good_evil: mysfit.good_evil.as_str(),
            law_chaos: mysfit.law_chaos.as_str(),
            thumb_image_uri: picture.clone(),
            profile_image_uri: picture,
            name: mysfit.name,
            species: mysfit.species,
            description: mysfit.description,
            age: mysfit.age,
            likes: mysfit.likes,
            adopted: mysfit.adopted,
        }
    }
}

impl FromIterator<Mysfit> for MysfitList {
    fn from_iter<I: IntoIterator<Item = Mysfit>>(mysfits: I) -> Self {
        MysfitList { mysfits: mysfits.into_iter().map(MysfitBody::from).collect() }
    }
}

impl LikesBody {
    /// Says how many likes a mysfit has.
    pub fn new(id: MysfitId, likes: u64) -> Self {
        LikesBody { mysfit_id: id.to_string(), likes }
    }
}
