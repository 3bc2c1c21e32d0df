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
    }
    if !stores.is_empty() {
        text += "\n";
        text += &stores_table(stores);
    }
    text
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
