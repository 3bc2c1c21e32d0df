//! What can be said about a condition: yes, no, or that the documents have to be read.

/// The answer to a condition, in the order of truth: "and" is the least of several answers, "or" the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// It does not hold.
    No,
    /// The index left out what decides it.
    ReadDocuments,
    /// It holds.
    Yes,
}

impl Answer {
    /// Whether all hold; asks no further after a no.
    pub(super) fn all(answers: impl IntoIterator<Item = Self>) -> Self {
        let mut least = Self::Yes;
        for answer in answers {
            least = least.min(answer);
            if least == Self::No {
                break;
            }
        }
        least
    }

    /// Whether any holds; asks no further after a yes.
    pub(super) fn any(answers: impl IntoIterator<Item = Self>) -> Self {
        let mut greatest = Self::No;
        for answer in answers {
            greatest = greatest.max(answer);
            if greatest == Self::Yes {
                break;
            }
        }
        greatest
    }

    pub(super) fn negated(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::ReadDocuments => Self::ReadDocuments,
            Self::Yes => Self::No,
        }
    }
}

impl From<bool> for Answer {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

#[cfg(test)]
mod tests {
    use super::Answer::{self, No, ReadDocuments, Yes};

    #[test]
    fn one_certain_answer_can_decide_several() {
        let check = |answers: &[Answer], all: Answer, any: Answer| {
            assert_eq!(Answer::all(answers.iter().copied()), all, "all of {answers:?}");
            assert_eq!(Answer::any(answers.iter().copied()), any, "any of {answers:?}");
            let negated = || answers.iter().map(|answer| answer.negated());
            assert_eq!(Answer::all(negated()).negated(), any, "not all are not");
        };
        check(&[], Yes, No);
        check(&[Yes, ReadDocuments], ReadDocuments, Yes);
        check(&[ReadDocuments, No], No, ReadDocuments);
        check(&[Yes, No, ReadDocuments], No, Yes);
        check(&[ReadDocuments], ReadDocuments, ReadDocuments);
    }
}
