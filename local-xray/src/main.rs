//! The standalone binary: `local-xray serve` runs the local X-Ray until Ctrl-C; the other verbs ask a running one.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use local_xray::cli::{self, AssertArgs, BenchArgs, HealthcheckArgs, MapArgs, TraceArgs, TracesArgs, Verdict};
use local_xray::config::ServeArgs;
use local_xray::{App, Config};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// AWS X-Ray on one machine: send it segments and spans, look at the service map, ask it what you would ask X-Ray.
#[derive(Parser)]
#[command(name = "local-xray", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Take traces in and serve the X-Ray API and the console, until Ctrl-C
    Serve(ServeArgs),
    /// Draw the service map of any X-Ray endpoint in the terminal
    Map(MapArgs),
    /// List the traces of any X-Ray endpoint, newest first
    Traces(TracesArgs),
    /// Show one trace of any X-Ray endpoint as a timeline
    Trace(TraceArgs),
    /// Check in CI that traces of any X-Ray endpoint match a filter expression, or that none does
    ///
    /// Exits 0 when the claim holds, 1 when it does not, and 2 when it cannot be judged: an argument or the expression
    /// cannot be read, or the endpoint does not answer.
    Assert(AssertArgs),
    /// Measure on this machine what intake, store and questions cost, with made-up traffic and local X-Rays of its own
    Bench(BenchArgs),
    /// Ask the local X-Ray on this machine whether it answers: exits 0 if so; for containers
    Healthcheck(HealthcheckArgs),
}

/// The exit status of a claim that cannot be judged; clap ends with it too.
const NOT_JUDGED: u8 = 2;

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,actix_server=warn".into()),
        )
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let result = actix_rt::System::new().block_on(async {
        match command {
            Command::Serve(args) => serve(args.into()).await.map(|()| ExitCode::SUCCESS),
            Command::Map(args) => cli::map_command(&args).await.map(|()| ExitCode::SUCCESS),
            Command::Traces(args) => cli::traces_command(&args).await.map(|()| ExitCode::SUCCESS),
            Command::Trace(args) => cli::trace_command(&args).await.map(|()| ExitCode::SUCCESS),
            Command::Healthcheck(args) => cli::healthcheck_command(&args).await.map(|()| ExitCode::SUCCESS),
            Command::Assert(args) => Ok(assert(&args).await),
            Command::Bench(args) => cli::bench_command(&args).await.map(|()| ExitCode::SUCCESS),
        }
    });
    result.unwrap_or_else(|error| {
        complain(&error);
        ExitCode::FAILURE
    })
}

#[expect(clippy::print_stderr, reason = "the last word of a command that failed")]
fn complain(error: &anyhow::Error) {
    eprintln!("local-xray: {error:#}"); // one line, and no backtrace for a port that is taken
}

async fn assert(args: &AssertArgs) -> ExitCode {
    match cli::assert_command(args).await {
        Ok(Verdict::Held) => ExitCode::SUCCESS,
        Ok(Verdict::Failed) => ExitCode::FAILURE,
        Err(error) => {
            complain(&error);
            ExitCode::from(NOT_JUDGED)
        }
    }
}

#[expect(clippy::print_stdout, reason = "the addresses are what the person who starts it is waiting for")]
async fn serve(config: Config) -> anyhow::Result<()> {
    let app = App::build(config).await?;
    println!("local X-Ray: console and API on http://{0}, segments on udp://{0}", app.addr());
    println!("             OTLP/HTTP on http://{}, OTLP/gRPC on {}", app.otlp_http_addr(), app.otlp_grpc_addr());
    app.run_until_stopped(stop_signal()?).await
}

/// Resolves when the process is asked to end, by Ctrl-C or by SIGTERM.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
