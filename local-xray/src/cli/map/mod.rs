//! The service map as text: a picture from left to right, and a table of the calls beneath it.
//!
//! `model` puts the nodes in order, `text` finds the words and colours, `layout` and `draw` make the picture on a
//! `canvas`. Graphs that are too large, too wide or too dense for a picture become a list. Health is always said in words; colour
//! repeats it.

mod canvas;
mod draw;
mod layout;
mod list;
mod model;
mod text;

use self::model::Map;
use super::service::Service;

/// More nodes than this are listed rather than drawn: lines that cross twenty times explain nothing.
const MAX_DRAWN_NODES: usize = 12;

/// With more calls than nodes and this, the lines of a picture lie so close that nobody could follow them.
const MAX_EXTRA_CALLS: usize = 2;

/// Below this width a table is not readable, so narrower requests are treated as this many columns.
const MIN_WIDTH: usize = 48;

const EMPTY: &str = "\
The service map is empty: no traces in this window.

Send a request through a traced service and ask again, or look further back:
--last 1h
";

/// How the map is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapOptions {
    /// Columns that may be used; values under 48 count as 48.
    pub width: usize,
    /// Whether ANSI colours are written.
    pub colour: bool,
}

/// Draws the service graph as lines of text, none wider than asked for, the last one ended by a newline.
#[must_use]
pub fn render(services: &[Service], options: &MapOptions) -> String {
    if services.is_empty() {
        return EMPTY.to_owned();
    }
    let width = options.width.max(MIN_WIDTH);
    let map = Map::new(services);
    let can_be_followed = map.nodes.len() <= MAX_DRAWN_NODES && map.edges.len() <= map.nodes.len() + MAX_EXTRA_CALLS;
    let picture = if can_be_followed { draw::draw(&map, width) } else { None };
    match picture {
        Some(picture) if map.edges.is_empty() => picture.print(options.colour),
        Some(picture) => {
            format!("{}\n{}", picture.print(options.colour), list::table(&map, width).print(options.colour))
        }
        None => list::list(&map, width).print(options.colour),
    }
}

#[cfg(test)]
mod tests;
