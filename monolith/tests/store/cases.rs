//! The conformance suite: what a store promises, as one function a promise.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::{LocalBoxFuture, join_all, poll_immediate};
use monolith::config::DatabaseConfig;
use monolith::domain::roster::ROSTER;
use monolith::domain::{GoodEvil, LawChaos, LikeKey, MysfitId, Selection};
use monolith::store::{self, AddLikeError, AdoptError, LikeCount, Store};
use uuid::Uuid;

type Case = (&'static str, fn(DatabaseConfig) -> LocalBoxFuture<'static, ()>);

/// Every promise.
pub(crate) const CASES: &[Case] = &[
    ("the roster is there in its order", |database| Box::pin(the_roster_is_there_in_its_order(database))),
    ("a selection shows whom it selects", |database| Box::pin(a_selection_shows_whom_it_selects(database))),
    ("an unknown id is nobody", |database| Box::pin(an_unknown_id_is_nobody(database))),
    ("a key counts once", |database| Box::pin(a_key_counts_once(database))),
    ("one key counts once for each mysfit", |database| Box::pin(one_key_counts_once_for_each_mysfit(database))),
    ("equal keys at once count once", |database| Box::pin(equal_keys_at_once_count_once(database))),
    ("different keys at once all count", |database| Box::pin(different_keys_at_once_all_count(database))),
    ("a call given up halfway counts once when it is tried again", |database| {
        Box::pin(a_call_given_up_halfway_counts_once_when_it_is_tried_again(database))
    }),
    ("an unknown mysfit gets no like", |database| Box::pin(an_unknown_mysfit_gets_no_like(database))),
    ("a mysfit is adopted once", |database| Box::pin(a_mysfit_is_adopted_once(database))),
    ("of many who adopt at once one succeeds", |database| Box::pin(of_many_who_adopt_at_once_one_succeeds(database))),
    ("an unknown mysfit is not adopted", |database| Box::pin(an_unknown_mysfit_is_not_adopted(database))),
    ("an open store is ready", |database| Box::pin(an_open_store_is_ready(database))),
    (REMEMBERS, |database| Box::pin(what_visitors_did_outlives_a_restart(database))),
    (STARTS_TWICE, |database| Box::pin(two_may_start_at_once(database))),
    (SHARES, |database| Box::pin(several_share_one_database(database))),
];

/// The promises that a database in memory cannot keep.
pub(crate) const REMEMBERING: [&str; 3] = [REMEMBERS, STARTS_TWICE, SHARES];

const REMEMBERS: &str = "what visitors did outlives a restart";
const STARTS_TWICE: &str = "two may start at once";
const SHARES: &str = "several share one database";

async fn open(database: &DatabaseConfig) -> Arc<dyn Store> {
    store::open(database).await.unwrap()
}

pub(crate) fn key(text: &str) -> LikeKey {
    text.parse().unwrap()
}

fn nobody() -> MysfitId {
    MysfitId::new(Uuid::nil())
}

async fn names(store: &dyn Store, selection: Selection) -> Vec<String> {
    store.list(selection).await.unwrap().into_iter().map(|mysfit| mysfit.name).collect()
}

async fn likes_of(store: &dyn Store, id: MysfitId) -> u64 {
    store.find(id).await.unwrap().unwrap().likes
}

async fn the_roster_is_there_in_its_order(database: DatabaseConfig) {
    let store = open(&database).await;
    let mysfits = store.list(Selection::All).await.unwrap();
    assert_eq!(mysfits.len(), ROSTER.len());
    for (mysfit, entry) in mysfits.iter().zip(ROSTER) {
        assert_eq!((mysfit.id, mysfit.name.as_str(), mysfit.species.as_str()), (entry.id, entry.name, entry.species));
        assert_eq!((mysfit.age, mysfit.description.as_str()), (entry.age, entry.description));
        assert_eq!((mysfit.good_evil, mysfit.law_chaos), (entry.good_evil, entry.law_chaos));
        assert_eq!((mysfit.likes, mysfit.adopted), (0, false));
        assert_eq!(store.find(entry.id).await.unwrap().as_ref(), Some(mysfit));
    }
}

async fn a_selection_shows_whom_it_selects(database: DatabaseConfig) {
    let store = open(&database).await;
    let good = names(&*store, Selection::GoodEvil(GoodEvil::Good)).await;
    assert_eq!(good, ["CoCo", "Hasla", "Twilight Glitter", "Cole"]);
    let lawful = names(&*store, Selection::LawChaos(LawChaos::Lawful)).await;
    assert_eq!(lawful, ["Evangeline", "Pauly", "Twilight Glitter"]);

    let mut seen = HashSet::new();
    for value in GoodEvil::ALL {
        seen.extend(names(&*store, Selection::GoodEvil(value)).await);
    }
    assert_eq!(seen.len(), ROSTER.len());
    let mut seen = HashSet::new();
    for value in LawChaos::ALL {
        seen.extend(names(&*store, Selection::LawChaos(value)).await);
    }
    assert_eq!(seen.len(), ROSTER.len());
}

async fn an_unknown_id_is_nobody(database: DatabaseConfig) {
    let store = open(&database).await;
    assert_eq!(store.find(nobody()).await.unwrap(), None);
}

async fn a_key_counts_once(database: DatabaseConfig) {
    let store = open(&database).await;
    let id = ROSTER[0].id;
    let first = store.add_like(id, key("a")).await.unwrap();
    let again = store.add_like(id, key("a")).await.unwrap();
    let other = store.add_like(id, key("A")).await.unwrap();
    assert_eq!(first, LikeCount { likes: 1, is_repeat: false });
    assert_eq!(again, LikeCount { likes: 1, is_repeat: true });
    assert_eq!(other, LikeCount { likes: 2, is_repeat: false });
    assert_eq!(likes_of(&*store, id).await, 2);
}

async fn one_key_counts_once_for_each_mysfit(database: DatabaseConfig) {
    let store = open(&database).await;
    for entry in ROSTER {
        let count = store.add_like(entry.id, key("the-same")).await.unwrap();
        assert_eq!(count, LikeCount { likes: 1, is_repeat: false });
    }
}

async fn equal_keys_at_once_count_once(database: DatabaseConfig) {
    let store = open(&database).await;
    let id = ROSTER[3].id;
    let counts = join_all((0..20).map(|_| store.add_like(id, key("twenty")))).await;
    let counts: Vec<_> = counts.into_iter().map(Result::unwrap).collect();
    assert_eq!(counts.iter().filter(|count| !count.is_repeat).count(), 1);
    assert!(counts.iter().all(|count| count.likes == 1), "{counts:?}");
    assert_eq!(likes_of(&*store, id).await, 1);
}

async fn different_keys_at_once_all_count(database: DatabaseConfig) {
    let store = open(&database).await;
    let id = ROSTER[3].id;
    let counts = join_all((0..20).map(|n| store.add_like(id, key(&n.to_string())))).await;
    let counts: HashSet<_> = counts.into_iter().map(|count| count.unwrap().likes).collect();
    assert_eq!(counts, (1..=20).collect());
    assert_eq!(likes_of(&*store, id).await, 20);
}

async fn a_call_given_up_halfway_counts_once_when_it_is_tried_again(database: DatabaseConfig) {
    let store = open(&database).await;
    let id = ROSTER[2].id;
    for polls in 0..30 {
        let key = key(&format!("given-up-after-{polls}"));
        let mut call = store.add_like(id, key.clone());
        for _ in 0..polls {
            if poll_immediate(&mut call).await.is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(call);
        assert_eq!(store.add_like(id, key).await.unwrap().likes, polls + 1);
    }
    assert_eq!(likes_of(&*store, id).await, 30);
}

async fn an_unknown_mysfit_gets_no_like(database: DatabaseConfig) {
    let store = open(&database).await;
    let refusal = store.add_like(nobody(), key("a")).await;
    assert!(matches!(refusal, Err(AddLikeError::UnknownMysfit(id)) if id == nobody()), "{refusal:?}");
    assert_eq!(names(&*store, Selection::All).await.len(), ROSTER.len());
}

async fn a_mysfit_is_adopted_once(database: DatabaseConfig) {
    let store = open(&database).await;
    let id = ROSTER[5].id;
    let adopted = store.adopt(id).await.unwrap();
    assert!(adopted.adopted);
    assert_eq!(store.find(id).await.unwrap(), Some(adopted));
    let refusal = store.adopt(id).await;
    assert!(matches!(&refusal, Err(AdoptError::AlreadyAdopted { name }) if name == "Snowflake"), "{refusal:?}");
    let others = store.list(Selection::All).await.unwrap();
    assert_eq!(others.iter().filter(|mysfit| mysfit.adopted).count(), 1);
}

async fn of_many_who_adopt_at_once_one_succeeds(database: DatabaseConfig) {
    let store = open(&database).await;
    let outcomes = join_all((0..20).map(|_| store.adopt(ROSTER[1].id))).await;
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(AdoptError::AlreadyAdopted { .. }))).count();
    assert_eq!((outcomes.iter().filter(|outcome| outcome.is_ok()).count(), refused), (1, 19));
}

async fn an_unknown_mysfit_is_not_adopted(database: DatabaseConfig) {
    let store = open(&database).await;
    let refusal = store.adopt(nobody()).await;
    assert!(matches!(refusal, Err(AdoptError::UnknownMysfit(id)) if id == nobody()), "{refusal:?}");
    assert_eq!(store.find(nobody()).await.unwrap(), None);
    assert_eq!(names(&*store, Selection::All).await.len(), ROSTER.len());
}

async fn an_open_store_is_ready(database: DatabaseConfig) {
    let store = open(&database).await;
    assert!(store.check_ready().await.is_ok());
    store.close().await;
    assert!(store.check_ready().await.is_err());
}

async fn what_visitors_did_outlives_a_restart(database: DatabaseConfig) {
    let store = open(&database).await;
    store.add_like(ROSTER[0].id, key("a")).await.unwrap();
    store.adopt(ROSTER[0].id).await.unwrap();
    store.close().await;

    let store = open(&database).await;
    let mysfit = store.find(ROSTER[0].id).await.unwrap().unwrap();
    assert_eq!((mysfit.likes, mysfit.adopted), (1, true));
    let repeat = store.add_like(ROSTER[0].id, key("a")).await.unwrap();
    assert_eq!(repeat, LikeCount { likes: 1, is_repeat: true });
}

async fn two_may_start_at_once(database: DatabaseConfig) {
    let (one, other) = futures_util::join!(open(&database), open(&database));
    one.add_like(ROSTER[0].id, key("a")).await.unwrap();
    other.add_like(ROSTER[0].id, key("b")).await.unwrap();
    assert_eq!(likes_of(&*one, ROSTER[0].id).await, 2);
    assert_eq!(names(&*other, Selection::All).await.len(), ROSTER.len());
}

/// Three monoliths: each of sixty clicks reaches two of them, everybody wants to adopt, and nobody shows an old count.
async fn several_share_one_database(database: DatabaseConfig) {
    let stores = [open(&database).await, open(&database).await, open(&database).await];
    let id = ROSTER[0].id;
    let likes =
        (0..60).flat_map(|n| [n % 3, (n + 1) % 3].map(|at| stores[at].add_like(id, key(&format!("click-{n}")))));
    let counted = join_all(likes).await.into_iter().map(Result::unwrap).filter(|count| !count.is_repeat).count();
    assert_eq!(counted, 60);
    for store in &stores {
        assert_eq!(likes_of(&**store, id).await, 60);
    }
    let adoptions = join_all(stores.iter().map(|store| store.adopt(id))).await;
    assert_eq!(adoptions.iter().filter(|adoption| adoption.is_ok()).count(), 1, "{adoptions:?}");
}
