//! `mysfits traffic`: the demo's visitors and health checks for services that somebody else has started, such as containers.

use shared::shutdown::Shutdown;

use crate::cli::TrafficArgs;
use crate::screen::Screen;
use crate::traffic::Traffic;

/// Sends visitors until SIGINT or SIGTERM, lets those on the site finish, and says how they fared.
pub(crate) async fn send(args: &TrafficArgs) -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signals()?;
    let seed = args.seed.unwrap_or_else(|| rand::random_range(0..1_000_000));
    let url = |text: &str| text.trim_end_matches('/').to_owned();
    let traffic = Traffic::new(url(&args.site), url(&args.like))?;
    let screen = Screen::on_stdout();
    screen.line(&format!("visitors on their way to {} (--seed {seed}); Ctrl-C stops them", args.site));
    let stop = async {
        shutdown.requested().await;
        traffic.stop();
    };
    let send = async {
        let sent = traffic.send_until_stopped(seed, args.rate).await;
        shutdown.trigger(); // visitors who cannot even begin end the wait, too
        sent
    };
    let ((), sent) = tokio::join!(stop, send);
    screen.line(&traffic.counts().to_string());
    sent
}
