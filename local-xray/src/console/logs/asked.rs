//! What the reader asks of lines: read from the URL and written back into links. The time is the frame's.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::console::bar::Bar;
use crate::console::link::Link;
use crate::console::page::{Frame, Live, Section};
use crate::console::view::View;
use crate::document::{TraceId, Window};
use crate::logs::{Level, LogQuery, Place, terms};

use super::PATH;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::console) struct Asked {
    /// The search as it was typed.
    pub(super) text: String,
    pub(super) level: Level,
    pub(super) service: Option<String>,
    pub(super) trace: Option<TraceId>,
    /// The list continues behind this line.
    pub(super) before: Option<Place>,
}

impl Asked {
    /// Reads the query part of a URL.
    ///
    /// # Errors
    /// When something in it is not understood; the words are for the reader.
    pub(in crate::console) fn parse(query: &str) -> Result<Self, String> {
        let values: BTreeMap<Cow<'_, str>, Cow<'_, str>> = form_urlencoded::parse(query.as_bytes()).collect();
        let value = |name: &str| values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        let LogQuery { level, service, trace, .. } = LogQuery::read(value)?;
        let before = value("before").map(str::parse).transpose();
        let before = before.map_err(|_| "This link into the list of lines is damaged. Start from the newest.")?;
        Ok(Self { text: value("q").unwrap_or_default().to_owned(), level, service, trace, before })
    }

    pub(super) fn query(&self, window: Window) -> LogQuery {
        LogQuery {
            window,
            level: self.level,
            service: self.service.clone(),
            trace: self.trace,
            terms: terms(&self.text),
        }
    }

    /// A link to these lines, in the time of the view.
    pub(in crate::console) fn link(&self, view: &View) -> Link {
        view.link(PATH)
            .with("q", &self.text)
            .with("level", self.level.as_str())
            .with_some("service", self.service.as_deref())
            .with_some("trace", self.trace.map(|id| id.to_string()).as_deref())
            .with_some("before", self.before.map(|place| place.to_string()).as_deref())
    }

    /// The frame of the page: its bar and its refreshing keep what is asked. Older pages hold still while someone reads
    /// them.
    pub(super) fn frame(&self, view: &View) -> Frame {
        let newest = Self { before: None, ..self.clone() };
        let mut frame = Frame::still("Logs", Section::Logs, view);
        frame.bar = Bar::with_links(PATH, view, |view| newest.link(view));
        let other = newest.link(&View { live: !view.live, ..view.clone() }).to_string();
        frame.live = self.before.is_none().then_some(Live { on: view.live, other });
        frame
    }
}
