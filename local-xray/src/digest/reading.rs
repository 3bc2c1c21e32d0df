//! Reading a digest: part by part, when first asked, borrowing from its bytes.

use std::cell::OnceCell;

use crate::document::{SegmentId, Timestamp, TraceId, Window};
use crate::graph::{Count, Key, Measured, ServiceRef};

use super::facts::{Body, Brief, Cast, Node, Piece, PlacedCause, PlacedCount, Words};

/// An open digest. Damaged bytes read as a trace of which nothing is known; [`DigestView::is_whole`] tells.
pub(crate) struct DigestView<'d> {
    brief: Brief,
    word_bytes: &'d [u8],
    cast_bytes: &'d [u8],
    body_bytes: &'d [u8],
    words: OnceCell<Words<'d>>,
    cast: OnceCell<Cast<'d>>,
    body: OnceCell<Body<'d>>,
}

impl<'d> DigestView<'d> {
    /// Opens a digest; `None` when the bytes hold none.
    pub(super) fn open(bytes: &'d [u8]) -> Option<Self> {
        let (brief, rest): (Brief, _) = postcard::take_from_bytes(bytes).ok()?;
        let (words, casts) = brief.lengths;
        let (word_bytes, rest) = rest.split_at_checked(words)?;
        let (cast_bytes, body_bytes) = rest.split_at_checked(casts)?;
        let (words, cast, body) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Some(Self { brief, word_bytes, cast_bytes, body_bytes, words, cast, body })
    }

    /// What the root segment and the trace as a whole say in numbers.
    pub(crate) fn brief(&self) -> &Brief {
        &self.brief
    }

    /// What they say in words.
    pub(crate) fn words(&self) -> &Words<'d> {
        self.words.get_or_init(|| postcard::from_bytes(self.word_bytes).unwrap_or_default())
    }

    /// The services of the trace.
    pub(crate) fn cast(&self) -> &Cast<'d> {
        self.cast.get_or_init(|| postcard::from_bytes(self.cast_bytes).unwrap_or_default())
    }

    /// What is behind the trace's nodes and edges.
    pub(crate) fn body(&self) -> &Body<'d> {
        self.body.get_or_init(|| postcard::from_bytes(self.body_bytes).unwrap_or_default())
    }

    /// Says whether the other parts can be read too.
    pub(super) fn is_whole(&self) -> bool {
        postcard::from_bytes::<Words<'_>>(self.word_bytes).is_ok()
            && postcard::from_bytes::<Cast<'_>>(self.cast_bytes).is_ok()
            && postcard::from_bytes::<Body<'_>>(self.body_bytes).is_ok()
    }

    /// The services that took part, those included that were only called.
    pub(crate) fn services(&self) -> impl Iterator<Item = ServiceRef<'d>> {
        self.cast().nodes.iter().map(Node::service)
    }

    /// The services that sent segments.
    pub(crate) fn active_services(&self) -> impl Iterator<Item = ServiceRef<'d>> {
        self.cast().active.iter().filter_map(|place| self.service(*place))
    }

    /// Who called whom, by name; the clients at the entry are left out.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (&'d str, &'d str)> {
        let name = |place: u32| Some(self.service(place)?.name);
        self.body().counts.iter().filter_map(move |count| match count {
            PlacedCount::Call { caller, callee, .. } => Some((name(*caller)?, name(*callee)?)),
            PlacedCount::Segment { .. } | PlacedCount::Inferred { .. } | PlacedCount::Entry { .. } => None,
        })
    }

    /// The services from the entry to the culprit, each with whether it was made up because it sent nothing.
    pub(crate) fn passed(&self, cause: &PlacedCause) -> impl Iterator<Item = (ServiceRef<'d>, bool)> {
        let last = cause.services.len().saturating_sub(1);
        let services = cause.services.iter().enumerate();
        services.filter_map(move |(index, place)| Some((self.service(*place)?, cause.is_inferred && index == last)))
    }

    /// What a graph counts of the trace, with the piece of each count.
    pub(crate) fn counts(&self) -> impl Iterator<Item = Count<'d, &Piece>> {
        self.body().counts.iter().filter_map(|count| self.count(*count))
    }

    /// What a graph counts of the work that began in the window.
    pub(crate) fn counts_in(&self, window: Window) -> impl Iterator<Item = Count<'d, Measured>> {
        let start = self.brief.start();
        let begun = self.counts().filter(move |count| window.contains(count.piece().begun(start)));
        begun.map(move |count| count.map(|piece| piece.measured(start)))
    }

    /// The links of work that began in the window: who took up a message, when, and where it came from.
    pub(crate) fn links_in(
        &self,
        window: Window,
    ) -> impl Iterator<Item = (Key<'d>, Timestamp, TraceId, Option<SegmentId>)> {
        let begun = |link: &super::facts::PlacedLink| link.begun(self.brief.start());
        let links = self.body().links.iter().filter(move |link| window.contains(begun(link)));
        links.filter_map(move |link| Some((self.key(link.consumer)?, begun(link), link.trace_id(), link.id())))
    }

    /// The queues that a link to this trace points at, and when the messages were sent; `None` when only the documents
    /// know.
    pub(crate) fn linked(&self, named: Option<SegmentId>) -> Option<Vec<(Key<'d>, Timestamp)>> {
        let calls = self.body().queue_calls.iter();
        let is_meant = |id: SegmentId| named.is_none_or(|named| named == id);
        let linked: Vec<_> = calls
            .filter(|call| is_meant(call.id()))
            .filter_map(|call| Some((self.key(call.queue)?, call.sent(self.brief.start()))))
            .collect();
        (named.is_none() || !linked.is_empty()).then_some(linked)
    }

    /// Says whether some segment ended in the window.
    pub(crate) fn was_served_in(&self, window: Window) -> bool {
        let start = self.brief.start().micros();
        let mut ends = self.body().segment_ends.iter();
        ends.any(|end| window.contains(Timestamp::from_micros(start.saturating_add(*end))))
    }

    fn count(&self, count: PlacedCount) -> Option<Count<'d, &Piece>> {
        let piece = |place: u32| self.body().pieces.get(usize::try_from(place).ok()?);
        Some(match count {
            PlacedCount::Segment { node, piece: place, is_entry, task } => {
                let task = task.and_then(|place| self.body().tasks.get(usize::try_from(place).ok()?).copied());
                Count::Segment { node: self.key(node)?, piece: piece(place)?, is_entry, task }
            }
            PlacedCount::Inferred { node, piece: place } => {
                Count::Inferred { node: self.key(node)?, piece: piece(place)? }
            }
            PlacedCount::Entry { callee, piece: place } => {
                Count::Entry { callee: self.key(callee)?, piece: piece(place)? }
            }
            PlacedCount::Call { caller, callee, piece: place } => {
                Count::Call { caller: self.key(caller)?, callee: self.key(callee)?, piece: piece(place)? }
            }
        })
    }

    fn service(&self, place: u32) -> Option<ServiceRef<'d>> {
        self.cast().nodes.get(usize::try_from(place).ok()?).map(Node::service)
    }

    fn key(&self, place: u32) -> Option<Key<'d>> {
        self.service(place).map(Key::of_service)
    }
}

impl<'d> Node<'d> {
    fn service(&self) -> ServiceRef<'d> {
        ServiceRef { name: self.name, service_type: self.service_type, account_id: self.account_id }
    }
}
