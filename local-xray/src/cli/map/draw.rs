//! The picture: boxes in columns, and lines that turn only in the gutters between them.
//!
//! Every line leaves a box on the right and enters one on the left, both on the box's first text row (its *port*). In a
//! gutter each source that has to turn gets a track of its own, so that lines of different sources never lie on top of
//! each other. A call that leads back runs down its track to a lane beneath the picture and comes up again before its target.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::cli::words::{columns, shorten};

use super::canvas::Canvas;
use super::layout::{Item, Layout};
use super::model::Map;
use super::text::{Style, node_lines};

/// Text widths to try for the boxes, widest first; numbers and outcomes still fit the last.
const TEXT_WIDTHS: [usize; 8] = [36, 30, 24, 21, 18, 16, 14, 13];

/// Blank rows between two items of a column.
const GAP: usize = 1;

/// Draws the map, or nothing when it cannot be made to fit the width.
pub(super) fn draw(map: &Map, width: usize) -> Option<Canvas> {
    let layout = Layout::new(map);
    let boxes: Vec<Vec<(String, Style)>> = map.nodes.iter().map(node_lines).collect();
    let rows = Rows::new(&layout, &boxes);
    let tracks = Tracks::new(&layout, &rows);
    TEXT_WIDTHS.iter().find_map(|text_width| {
        let columns = place_columns(&layout, &boxes, &tracks, *text_width);
        let total = columns.last().map_or(0, |last| last.end) + tracks.margin();
        (total <= width)
            .then(|| Drawing { map, layout: &layout, boxes: &boxes, rows: &rows, tracks: &tracks, columns }.draw())
    })
}

/// The first row of every item.
struct Rows {
    top: BTreeMap<usize, usize>,
    port: BTreeMap<usize, usize>,
    bottom: usize,
}

impl Rows {
    /// Stacks each column, moving items down until they are level with the first of their callers, and further down
    /// where their port would meet the line of a stranger.
    fn new(layout: &Layout, boxes: &[Vec<(String, Style)>]) -> Self {
        let mut rows = Self { top: BTreeMap::new(), port: BTreeMap::new(), bottom: 0 };
        for (number, column) in layout.columns.iter().enumerate() {
            let mut free = 0;
            let strangers = number.checked_sub(1).and_then(|left| layout.columns.get(left));
            for item in column {
                let (height, port) = match layout.items.get(*item) {
                    Some(Item::Node(node)) => (boxes.get(*node).map_or(0, Vec::len) + 2, 1),
                    _ => (1, 0),
                };
                let callers = layout.hops.iter().filter(|(_, to)| to == item).map(|(from, _)| *from);
                let level = callers.clone().filter_map(|caller| rows.port.get(&caller)).min();
                let mut top = level.map_or(0, |level| level.saturating_sub(port)).max(free);
                let callers: Vec<usize> = callers.collect();
                while strangers.into_iter().flatten().any(|stranger| {
                    !callers.contains(stranger)
                        && rows.port.get(stranger) == Some(&(top + port))
                        && leaves(layout, *stranger)
                }) {
                    top += 1;
                }
                rows.top.insert(*item, top);
                rows.port.insert(*item, top + port);
                free = top + height + GAP;
                rows.bottom = rows.bottom.max(top + height);
            }
        }
        rows
    }

    fn port(&self, item: usize) -> usize {
        self.port.get(&item).copied().unwrap_or(0)
    }
}

/// Whether any line leaves the item on its right.
fn leaves(layout: &Layout, item: usize) -> bool {
    layout.hops.iter().chain(&layout.back).any(|(from, _)| *from == item)
}

/// One line going up or down in a gutter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Track {
    /// The lines that leave an item.
    Out(usize),
    /// The lines that come back to an item from beneath.
    In(usize),
}

/// The tracks of each gutter from left to right; gutter `n` lies left of column `n`.
struct Tracks {
    gutters: Vec<Vec<Track>>,
}

impl Tracks {
    fn new(layout: &Layout, rows: &Rows) -> Self {
        let mut gutters: Vec<Vec<(TrackOrder, Track)>> = vec![Vec::new(); layout.columns.len() + 1];
        for (number, column) in layout.columns.iter().enumerate() {
            for item in column {
                if let (Some(order), Some(gutter)) = (out_order(layout, rows, *item), gutters.get_mut(number + 1)) {
                    gutter.push((order, Track::Out(*item)));
                }
                if let (true, Some(gutter)) = (layout.back.iter().any(|(_, to)| to == item), gutters.get_mut(number)) {
                    gutter.push((TrackOrder::In(rows.port(*item)), Track::In(*item)));
                }
            }
        }
        let sorted = gutters.into_iter().map(|mut gutter| {
            gutter.sort();
            gutter.into_iter().map(|(_, track)| track).collect()
        });
        Self { gutters: sorted.collect() }
    }

    fn gutter_width(&self, number: usize) -> usize {
        let tracks = self.gutters.get(number).map_or(0, Vec::len);
        let is_margin = number == 0 || number + 1 == self.gutters.len();
        match (tracks, is_margin) {
            (0, true) => 0,
            (0, false) => 4,
            (tracks, _) => 2 * tracks + 2,
        }
    }

    /// Columns needed to the right of the last boxes.
    fn margin(&self) -> usize {
        2 * self.gutters.last().map_or(0, Vec::len)
    }
}

/// Tracks from left to right: where a line also goes straight on, so that nothing joins it before it has turned off;
/// then lines going down, the lowest first, and lines going up, the highest first, which saves crossings; then returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum TrackOrder {
    StraightToo(Reverse<usize>),
    Down(Reverse<usize>),
    Up(usize),
    In(usize),
}

/// The place of an item's track, if any of its lines has to turn.
fn out_order(layout: &Layout, rows: &Rows, item: usize) -> Option<TrackOrder> {
    let from = rows.port(item);
    let targets: Vec<usize> =
        layout.hops.iter().filter(|(source, _)| *source == item).map(|(_, to)| rows.port(*to)).collect();
    let back = layout.back.iter().any(|(source, _)| *source == item);
    if !back && targets.iter().all(|to| *to == from) {
        None
    } else if targets.contains(&from) {
        Some(TrackOrder::StraightToo(Reverse(from)))
    } else if back || targets.iter().any(|to| *to > from) {
        Some(TrackOrder::Down(Reverse(from)))
    } else {
        Some(TrackOrder::Up(from))
    }
}

/// Where a column of boxes starts and ends (exclusive).
struct Span {
    start: usize,
    end: usize,
}

fn place_columns(layout: &Layout, boxes: &[Vec<(String, Style)>], tracks: &Tracks, text_width: usize) -> Vec<Span> {
    let mut x = 0;
    let mut spans = Vec::new();
    for (number, column) in layout.columns.iter().enumerate() {
        let nodes = column.iter().filter_map(|item| match layout.items.get(*item) {
            Some(Item::Node(node)) => boxes.get(*node),
            _ => None,
        });
        let widest = nodes.flatten().map(|(text, _)| columns(text)).max().unwrap_or(0);
        let start = x + tracks.gutter_width(number);
        x = start + widest.min(text_width) + 4;
        spans.push(Span { start, end: x });
    }
    spans
}

struct Drawing<'a> {
    map: &'a Map,
    layout: &'a Layout,
    boxes: &'a [Vec<(String, Style)>],
    rows: &'a Rows,
    tracks: &'a Tracks,
    columns: Vec<Span>,
}

impl Drawing<'_> {
    fn draw(&self) -> Canvas {
        let mut canvas = Canvas::default();
        for (column, span) in self.layout.columns.iter().zip(&self.columns) {
            for item in column {
                match self.layout.items.get(*item) {
                    Some(Item::Node(node)) => self.draw_box(&mut canvas, *item, *node, span),
                    _ => canvas.horizontal((span.start, span.end - 1), self.rows.port(*item), Style::Plain),
                }
            }
        }
        for (from, to) in &self.layout.hops {
            self.draw_hop(&mut canvas, *from, *to);
        }
        let mut lanes: Vec<usize> = self.layout.back.iter().map(|(_, to)| *to).collect();
        lanes.sort_unstable();
        lanes.dedup();
        for (from, to) in &self.layout.back {
            let lane = lanes.iter().position(|target| target == to).unwrap_or(0);
            self.draw_return(&mut canvas, *from, *to, self.rows.bottom + lane);
        }
        self.draw_arrowheads(&mut canvas);
        canvas
    }

    fn draw_box(&self, canvas: &mut Canvas, item: usize, node: usize, span: &Span) {
        let (Some(lines), Some(top)) = (self.boxes.get(node), self.rows.top.get(&item)) else { return };
        let style = self.map.nodes.get(node).map_or(Style::Plain, |node| node.numbers.style());
        let width = span.end - span.start;
        canvas.frame((span.start, *top), (width, lines.len() + 2), style);
        for (row, (text, style)) in lines.iter().enumerate() {
            canvas.text(span.start + 2, top + 1 + row, &shorten(text, width - 4), *style);
        }
    }

    fn draw_hop(&self, canvas: &mut Canvas, from: usize, to: usize) {
        let (start, end) = (self.exit(from), self.entry(to));
        let (y1, y2) = (self.rows.port(from), self.rows.port(to));
        match self.track(Track::Out(from)) {
            Some(turn) if y1 != y2 => {
                canvas.horizontal((start, turn), y1, Style::Plain);
                canvas.vertical(turn, (y1, y2), Style::Plain);
                canvas.horizontal((turn, end), y2, Style::Plain);
            }
            _ => canvas.horizontal((start, end), y1, Style::Plain),
        }
    }

    fn draw_return(&self, canvas: &mut Canvas, from: usize, to: usize, lane: usize) {
        let (Some(down), Some(up)) = (self.track(Track::Out(from)), self.track(Track::In(to))) else { return };
        let (y1, y2) = (self.rows.port(from), self.rows.port(to));
        canvas.horizontal((self.exit(from), down), y1, Style::Plain);
        canvas.vertical(down, (y1, lane), Style::Plain);
        canvas.horizontal((up, down), lane, Style::Plain);
        canvas.vertical(up, (y2, lane), Style::Plain);
        canvas.horizontal((up, self.entry(to)), y2, Style::Plain);
    }

    /// Heads come last, so that no line is drawn over them.
    fn draw_arrowheads(&self, canvas: &mut Canvas) {
        for (_, to) in &self.layout.hops {
            if matches!(self.layout.items.get(*to), Some(Item::Node(_))) {
                canvas.text(self.entry(*to), self.rows.port(*to), "▶", Style::Plain);
            }
        }
        for (_, to) in &self.layout.back {
            canvas.text(self.entry(*to), self.rows.port(*to), "▶", Style::Plain);
            if let Some(up) = self.track(Track::In(*to)) {
                canvas.text(up, self.rows.port(*to) + 1, "▲", Style::Plain);
            }
        }
    }

    /// The column in which lines leave the item: its right edge.
    fn exit(&self, item: usize) -> usize {
        self.span_of(item).map_or(0, |(_, span)| span.end - 1)
    }

    /// The column in which lines reach the item: just before a box, or where a passing line begins.
    fn entry(&self, item: usize) -> usize {
        let start = self.span_of(item).map_or(0, |(_, span)| span.start);
        match self.layout.items.get(item) {
            Some(Item::Node(_)) => start.saturating_sub(1),
            _ => start,
        }
    }

    fn track(&self, wanted: Track) -> Option<usize> {
        let (Track::Out(item) | Track::In(item)) = wanted;
        let (column, span) = self.span_of(item)?;
        let (gutter, start) = match wanted {
            Track::Out(_) => (column + 1, span.end),
            Track::In(_) => (column, span.start - self.tracks.gutter_width(column)),
        };
        let position = self.tracks.gutters.get(gutter)?.iter().position(|track| *track == wanted)?;
        Some(start + 1 + 2 * position)
    }

    fn span_of(&self, item: usize) -> Option<(usize, &Span)> {
        let column = self.layout.columns.iter().position(|column| column.contains(&item))?;
        Some((column, self.columns.get(column)?))
    }
}
