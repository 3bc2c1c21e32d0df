//! Stopping: whoever is inside is served, whoever is outside finds the door closed.

use futures_util::join;

use crate::helpers::{EVANGELINE, LikeService, spawn_app_calling};

#[actix_rt::test]
async fn a_like_under_way_is_counted_and_answered_before_the_end() {
    let likes = LikeService::holding_back(r#"{"likes":1}"#);
    let app = spawn_app_calling(&likes).await;
    let like = app.like(EVANGELINE, "key");
    let stop = async {
        while likes.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        app.begin_to_stop().await;
        // The Like service comes back to count what is under way, so the internal listener must outlive the public one.
        assert_eq!(app.fulfill(EVANGELINE, "key").await.status, 200);
        likes.let_one_answer_out();
    };
    let (answer, ()) = join!(like, stop);
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, r#"{"likes":1}"#));
    app.stopped().await.unwrap();
}
