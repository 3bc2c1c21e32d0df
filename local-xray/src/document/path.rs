//! Where in a document something is, written down only when somebody asks.

use std::fmt;

/// A place in JSON: `$`, `$.http`, `$.subsegments[0].name`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'a> {
    above: Option<&'a Path<'a>>,
    member: &'a str,
    index: Option<usize>,
}

impl<'a> Path<'a> {
    /// The outermost object, or the one with this number in a list of documents.
    pub(super) fn outermost(index: Option<usize>) -> Self {
        Self { above: None, member: "$", index }
    }

    /// A member of this object.
    pub(super) fn member(&'a self, member: &'a str) -> Self {
        Self { above: Some(self), member, index: None }
    }

    /// An item of a member that is a list.
    pub(super) fn item(&'a self, member: &'a str, index: usize) -> Self {
        Self { index: Some(index), ..self.member(member) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            write!(f, "{above}.")?;
        }
        f.write_str(self.member)?;
        self.index.map_or(Ok(()), |index| write!(f, "[{index}]"))
    }
}
