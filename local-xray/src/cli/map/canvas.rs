//! A grid of characters on which lines that meet join up.

use crate::cli::words::columns;

use super::text::Style;
use unicode_width::UnicodeWidthChar as _;

const UP: u8 = 1;
const DOWN: u8 = 2;
const LEFT: u8 = 4;
const RIGHT: u8 = 8;

/// Box characters by the directions in which a cell is connected (`UP` + `DOWN` + `LEFT` + `RIGHT`).
const LINES: [char; 16] = [' ', '│', '│', '│', '─', '╯', '╮', '┤', '─', '╰', '╭', '├', '─', '┴', '┬', '┼'];

#[derive(Clone, Copy, PartialEq)]
enum Cell {
    /// Nothing, or lines in up to four directions.
    Line(u8, Style),
    Text(char, Style),
    /// The right half of the wide character before it.
    Covered,
}

/// Grows downwards and to the right as it is drawn on.
#[derive(Default)]
pub(super) struct Canvas {
    rows: Vec<Vec<Cell>>,
}

impl Canvas {
    /// Draws from column `x1` to `x2`, both included, joining whatever lines are there.
    pub(super) fn horizontal(&mut self, (x1, x2): (usize, usize), y: usize, style: Style) {
        let (left, right) = (x1.min(x2), x1.max(x2));
        for x in left..=right {
            let towards_left = if x > left { LEFT } else { 0 };
            let towards_right = if x < right { RIGHT } else { 0 };
            self.connect(x, y, towards_left | towards_right, style);
        }
    }

    /// Draws from row `y1` to `y2`, both included, joining whatever lines are there.
    pub(super) fn vertical(&mut self, x: usize, (y1, y2): (usize, usize), style: Style) {
        let (top, bottom) = (y1.min(y2), y1.max(y2));
        for y in top..=bottom {
            let upwards = if y > top { UP } else { 0 };
            let downwards = if y < bottom { DOWN } else { 0 };
            self.connect(x, y, upwards | downwards, style);
        }
    }

    /// Draws the outline of a box of the given size.
    pub(super) fn frame(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), style: Style) {
        let (right, bottom) = (x + width - 1, y + height - 1);
        self.horizontal((x, right), y, style);
        self.horizontal((x, right), bottom, style);
        self.vertical(x, (y, bottom), style);
        self.vertical(right, (y, bottom), style);
    }

    /// Writes text over whatever is there.
    pub(super) fn text(&mut self, x: usize, y: usize, text: &str, style: Style) {
        let mut column = x;
        for character in text.chars() {
            *self.cell(column, y) = Cell::Text(character, style);
            for covered in 1..character.width().unwrap_or(1) {
                *self.cell(column + covered, y) = Cell::Covered;
            }
            column += character.width().unwrap_or(1);
        }
    }

    /// Writes text that ends just before column `end`.
    pub(super) fn text_right(&mut self, end: usize, y: usize, text: &str, style: Style) {
        self.text(end.saturating_sub(columns(text)), y, text, style);
    }

    /// The picture as lines without trailing spaces, each ended by a newline.
    pub(super) fn print(&self, colour: bool) -> String {
        self.rows.iter().map(|row| print_row(row, colour) + "\n").collect()
    }

    fn connect(&mut self, x: usize, y: usize, directions: u8, style: Style) {
        let cell = self.cell(x, y);
        if let Cell::Line(present, drawn) = *cell {
            // the first to draw keeps its colour: a box keeps its frame where a call leaves it
            let style = if present == 0 { style } else { drawn };
            *cell = Cell::Line(present | directions, style);
        }
    }

    fn cell(&mut self, x: usize, y: usize) -> &mut Cell {
        let empty = Cell::Line(0, Style::Plain);
        if self.rows.len() <= y {
            self.rows.resize_with(y + 1, Vec::new);
        }
        #[expect(clippy::indexing_slicing, reason = "both lengths were made sufficient just above")]
        {
            let row = &mut self.rows[y];
            if row.len() <= x {
                row.resize(x + 1, empty);
            }
            &mut row[x]
        }
    }
}

fn print_row(row: &[Cell], colour: bool) -> String {
    let mut line = String::new();
    let mut current = Style::Plain;
    let used = row.iter().rposition(|cell| !is_blank(*cell)).map_or(0, |last| last + 1);
    for cell in row.iter().take(used) {
        let (character, style) = match *cell {
            Cell::Covered => continue,
            Cell::Text(character, style) => (character, style),
            Cell::Line(directions, style) => (LINES.get(usize::from(directions)).copied().unwrap_or(' '), style),
        };
        if colour && style != current {
            line.push_str(&escape(style));
            current = style;
        }
        line.push(character);
    }
    if current != Style::Plain {
        line.push_str(&escape(Style::Plain));
    }
    line
}

fn escape(style: Style) -> String {
    format!("\u{1b}[{}m", style.ansi())
}

fn is_blank(cell: Cell) -> bool {
    matches!(cell, Cell::Line(0, _) | Cell::Text(' ', _))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_meet_join() {
        let mut canvas = Canvas::default();
        canvas.frame((0, 0), (4, 3), Style::Plain);
        canvas.horizontal((3, 6), 1, Style::Plain);
        canvas.vertical(6, (0, 2), Style::Plain);
        assert_eq!(canvas.print(false), "╭──╮  │\n│  ├──┤\n╰──╯  │\n");
    }

    #[test]
    fn colour_changes_only_where_the_style_does() {
        let mut canvas = Canvas::default();
        canvas.text(0, 0, "ab", Style::Fault);
        canvas.text(2, 0, "cd  ", Style::Plain);
        canvas.text(0, 1, "神x", Style::Ok);
        assert_eq!(canvas.print(true), "\u{1b}[0;31mab\u{1b}[0mcd\n\u{1b}[0;32m神x\u{1b}[0m\n");
        assert_eq!(canvas.print(false), "abcd\n神x\n");
    }
}
