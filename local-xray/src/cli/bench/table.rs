//! The report as Markdown tables, aligned so that they also read well in a terminal.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use crate::words::count;

use super::report::{Answer, Answers, IntakeRow, Report, StoreColumn};

/// The whole report.
pub(super) fn text(report: &Report) -> String {
    let Report { topology, seed, traffic, limits, intake, stores } = report;
    let mut text = format!(
        "Topology {topology}, seed {seed}: {:.1} segments a trace, {:.0} bytes a segment.\n",
        traffic.segments_per_trace, traffic.bytes_per_segment
    );
    let _ = writeln!(
        text,
        "Limits, by the same segments: {:.1} µs of CPU to parse one alone, {:.2} µs to append one to a file alone.",
        limits.parse_cpu_us, limits.append_cpu_us
    );
    if !intake.is_empty() {
        text += "\n";
        text += &table(&INTAKE_HEADINGS, intake.iter().map(|row| intake_cells(row, limits.parse_cpu_us)));
        text += "\nWhere the CPU time of one segment or span goes, by thread:\n\n";
        text += &table(&["Intake", "threads", "of all that, the kernel"], intake.iter().map(breakdown_cells));
    }
    if !stores.is_empty() {
        text += "\n";
        text += &stores_table(stores);
    }
    let aims = aims(report);
    if !aims.is_empty() {
        text += "\n";
        text += &table(&["What was aimed at", "aim", "measured", "met"], aims);
    }
    text
}

/// Threads that take less than this of a segment's time, in microseconds, are not worth a line.
const LITTLE: f64 = 0.05;

fn breakdown_cells(row: &IntakeRow) -> Vec<String> {
    let threads = row.threads_us.iter().filter(|(_, us)| **us >= LITTLE);
    let threads: Vec<_> = threads.map(|(name, us)| format!("{name} {us:.1} µs")).collect();
    let kernel = row.kernel_us.map_or_else(not_known, |us| format!("{us:.1} µs"));
    vec![row.way.to_owned(), threads.join(", "), kernel]
}

/// What this run says about the aims that the store was built for.
fn aims(report: &Report) -> Vec<Vec<String>> {
    let mut aims = Vec::new();
    let mut aim = |what: String, most: f64, measured: Option<f64>, unit: &str| {
        let Some(measured) = measured else { return };
        let met = if measured <= most { "yes" } else { "no" };
        aims.push(vec![what, format!("≤ {most}{unit}"), format!("{measured:.2}{unit}"), met.to_owned()]);
    };
    for row in &report.intake {
        match row.way {
            "PutTraceSegments" => {
                let ratio = row.cpu_us.map(|us| us / report.limits.parse_cpu_us);
                aim("CPU of a segment over the API ÷ parsing it alone".to_owned(), 2.5, ratio, "");
            }
            "UDP" => {
                let lost = row.refused + row.kernel_drops + row.unaccounted;
                aim(format!("datagrams lost at {:.0} a second", row.per_second), 0.0, Some(number(lost)), "");
            }
            _ => {}
        }
    }
    let [first, .., last] = report.stores.as_slice() else { return aims };
    let between = |what: &str| format!("{what} of {} traces ÷ of {}", count(last.traces), count(first.traces));
    let ratio = |pick: fn(&Answers) -> &Answer| {
        let [small, large] = [first, last].map(|store| pick(&store.answers).median_ms);
        (small > 0.0).then_some(large / small)
    };
    aim(between("service graph of an hour"), 2.0, ratio(|answers| &answers.graph), "");
    aim(between("a filter's first page"), 3.0, ratio(|answers| &answers.filter_page), "");
    let of_last = |what: &str| format!("{what} of {} traces", count(last.traces));
    aim(of_last("a scan, CPU for each"), 1.0, last.answers.filter_scan.cpu_us_per_trace, " µs");
    aim(of_last("opening a store"), 2.0, last.opening_ms.map(|ms| ms / 1e3), " s");
    let most = [last.filled_resident_bytes, last.opened_resident_bytes, last.asked_resident_bytes];
    let most = most.into_iter().flatten().max();
    aim(of_last("memory at its highest"), 1.5, most.map(|bytes| number(bytes) / f64::from(1 << 30)), " GiB");
    aims
}

#[expect(clippy::cast_precision_loss, reason = "a figure for the eye")]
fn number(count: u64) -> f64 {
    count as f64
}

const INTAKE_HEADINGS: [&str; 7] =
    ["Intake", "sent", "a second", "CPU each", "÷ parsing alone", "lost, with reason", "unaccounted"];

fn intake_cells(row: &IntakeRow, parse_cpu_us: f64) -> Vec<String> {
    let known = |value: Option<String>| value.unwrap_or_else(|| "not known".to_owned());
    vec![
        row.way.to_owned(),
        count(row.sent),
        format!("{:.0}", row.per_second),
        known(row.cpu_us.map(|us| format!("{us:.1} µs"))),
        known(row.cpu_us.map(|us| format!("{:.1}", us / parse_cpu_us))),
        count(row.refused + row.kernel_drops),
        count(row.unaccounted),
    ]
}

/// A column for each size.
fn stores_table(stores: &[StoreColumn]) -> String {
    let headings: Vec<_> = ["Store".to_owned()]
        .into_iter()
        .chain(stores.iter().map(|store| format!("{} traces", count(store.traces))))
        .collect();
    let headings: Vec<_> = headings.iter().map(String::as_str).collect();
    let row = |name: &str, cell: &dyn Fn(&StoreColumn) -> String| {
        [name.to_owned()].into_iter().chain(stores.iter().map(cell)).collect::<Vec<_>>()
    };
    let answer = |name: &str, pick: fn(&Answers) -> &Answer| row(name, &|store| milliseconds(pick(&store.answers)));
    let rows = [
        row("segments", &|store| count(store.segments)),
        row("on disk, a segment", &|store| {
            store.disk_bytes_per_segment.map_or_else(in_memory, |bytes| format!("{bytes:.0} bytes"))
        }),
        row("opening, to the first answer", &|store| {
            store.opening_ms.map_or_else(in_memory, |time| format!("{time:.0} ms"))
        }),
        row("memory after filling", &|store| megabytes(store.filled_resident_bytes)),
        row("memory after opening", &|store| megabytes(store.opened_resident_bytes)),
        row("memory after all questions", &|store| megabytes(store.asked_resident_bytes)),
        answer("service graph of an hour", |answers| &answers.graph),
        answer("time series of an hour, by minute", |answers| &answers.series),
        answer("filter, first page", |answers| &answers.filter_page),
        answer("filter, all traces, none matches", |answers| &answers.filter_scan),
        row("… CPU for each trace looked at", &|store| {
            store.answers.filter_scan.cpu_us_per_trace.map_or_else(not_known, |us| format!("{us:.2} µs"))
        }),
        answer("BatchGetTraces of five", |answers| &answers.batch_get),
        answer("map page of an hour", |answers| &answers.map_page),
        answer("dashboard page of an hour", |answers| &answers.dashboard_page),
    ];
    table(&headings, rows)
}

fn milliseconds(answer: &Answer) -> String {
    format!("{:.1} ms", answer.median_ms)
}

#[expect(clippy::cast_precision_loss, reason = "a figure for the eye")]
fn megabytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(not_known, |bytes| format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20)))
}

fn in_memory() -> String {
    "in memory".to_owned()
}

fn not_known() -> String {
    "not known".to_owned()
}

/// A Markdown table; the first column to the left, figures to the right.
fn table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> =
        [headings.iter().map(|heading| (*heading).to_owned()).collect()].into_iter().chain(rows).collect();
    let widths: Vec<usize> = (0..headings.len())
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0))
        .collect();
    let rule: String =
        widths.iter().enumerate().map(|(column, width)| rule(column, *width)).collect::<String>() + "|\n";
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let room = " ".repeat(width.saturating_sub(cell.width()));
            text += &if column == 0 { format!("| {cell}{room} ") } else { format!("| {room}{cell} ") };
        }
        text += "|\n";
        if index == 0 {
            text += &rule;
        }
    }
    text
}

fn rule(column: usize, width: usize) -> String {
    if column == 0 { format!("|{}", "-".repeat(width + 2)) } else { format!("|{}:", "-".repeat(width + 1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_and_is_markdown() {
        let rows = [vec!["µs".to_owned(), "1".to_owned()], vec!["b".to_owned(), "1,000".to_owned()]];
        assert_eq!(table(&["a", "n"], rows), "| a  |     n |\n|----|------:|\n| µs |     1 |\n| b  | 1,000 |\n");
    }
}
