//! The map as a table of calls, and, where no picture is possible, as a list of nodes with their calls beneath them.

use crate::cli::words::{columns, shorten};
use crate::words;

use super::canvas::Canvas;
use super::model::{Edge, Map, Node};
use super::text::Style;

/// Columns of the count and of the average, with the space before them.
const COUNT: usize = 9;
const AVERAGE: usize = 10;
/// Space before the outcome.
const SPACE: usize = 2;
/// What names keep at least, however long the outcomes are.
const MIN_NAME: usize = 16;
/// Indent of a call beneath its node.
const INDENT: usize = 2;

/// One line for each call, beneath a picture.
pub(super) fn table(map: &Map, width: usize) -> Canvas {
    let rows: Vec<Row> =
        map.edges.iter().map(|edge| Row::of_call(map, edge, &format!("{} → ", name(map, edge.from)))).collect();
    print_rows("calls", &rows, width)
}

/// Nodes in their order, each followed by its calls.
pub(super) fn list(map: &Map, width: usize) -> Canvas {
    let mut rows = Vec::new();
    for (index, node) in map.nodes.iter().enumerate() {
        rows.push(Row::of_node(node));
        let calls = map.edges.iter().filter(|edge| edge.from == index);
        rows.extend(calls.map(|edge| Row::of_call(map, edge, &format!("{:INDENT$}→ ", ""))));
    }
    print_rows("services and their calls", &rows, width)
}

struct Row {
    name: String,
    name_style: Style,
    count: String,
    average: String,
    outcome: String,
    outcome_style: Style,
}

impl Row {
    fn of_node(node: &Node) -> Self {
        let kind = node.kind.iter().map(|kind| format!(" ({kind})"));
        let name = kind.fold(node.name.clone(), |name, kind| name + &kind);
        let outcome =
            if node.is_client { String::new() } else { with_state(node.numbers.outcome(), node.state.as_deref()) };
        Self { name, name_style: Style::Strong, outcome, ..Self::numbers(&node.numbers) }
    }

    fn of_call(map: &Map, edge: &Edge, before: &str) -> Self {
        let name = format!("{before}{}", name(map, edge.to));
        let numbers = Self::numbers(&edge.numbers);
        let outcome = if edge.is_link { "link".to_owned() } else { edge.numbers.outcome() };
        Self { name, outcome, ..numbers }
    }

    fn numbers(numbers: &super::model::Numbers) -> Self {
        Self {
            name: String::new(),
            name_style: Style::Plain,
            count: if numbers.total > 0 { numbers.total.to_string() } else { String::new() },
            average: numbers.average.map(words::seconds).unwrap_or_default(),
            outcome: String::new(),
            outcome_style: numbers.style(),
        }
    }
}

fn with_state(outcome: String, state: Option<&str>) -> String {
    match state {
        None => outcome,
        Some(state) if outcome.is_empty() => state.to_owned(),
        Some(state) => format!("{outcome}, {state}"),
    }
}

fn name(map: &Map, node: usize) -> &str {
    map.nodes.get(node).map_or("?", |node| &node.name)
}

fn print_rows(heading: &str, rows: &[Row], width: usize) -> Canvas {
    let longest = |text: fn(&Row) -> &str| rows.iter().map(|row| columns(text(row))).max().unwrap_or(0);
    let outcome_width = longest(|row| &row.outcome).max(columns("outcome"));
    let free = width.saturating_sub(COUNT + AVERAGE + SPACE);
    let names = longest(|row| &row.name).max(columns(heading)).min(free.saturating_sub(outcome_width).max(MIN_NAME));
    let (count_end, average_end) = (names + COUNT, names + COUNT + AVERAGE);
    let mut canvas = Canvas::default();
    canvas.text(0, 0, &shorten(heading, names), Style::Quiet);
    canvas.text_right(count_end, 0, "count", Style::Quiet);
    canvas.text_right(average_end, 0, "avg", Style::Quiet);
    canvas.text(average_end + SPACE, 0, "outcome", Style::Quiet);
    for (index, row) in rows.iter().enumerate() {
        let y = index + 1;
        canvas.text(0, y, &shorten(&row.name, names), row.name_style);
        canvas.text_right(count_end, y, &row.count, Style::Plain);
        canvas.text_right(average_end, y, &row.average, Style::Plain);
        canvas.text(average_end + SPACE, y, &shorten(&row.outcome, free.saturating_sub(names)), row.outcome_style);
    }
    canvas
}
