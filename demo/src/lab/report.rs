//! What a check has to say: for each claim of a lab whether it holds, what was looked at, what was seen, and what to do.

use super::Lab;
use crate::screen::Screen;

/// One claim of a lab, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    claim: &'static str,
    looked_at: String,
    saw: String,
    /// What to do where the claim does not hold.
    missing: Option<String>,
}

impl Finding {
    /// Judges `claim` by what was seen; `to_do` is told where it does not hold.
    pub(super) fn new(
        claim: &'static str,
        looked_at: impl Into<String>,
        saw: impl Into<String>,
        holds: bool,
        to_do: impl Into<String>,
    ) -> Self {
        let missing = (!holds).then(|| to_do.into());
        Self { claim, looked_at: looked_at.into(), saw: saw.into(), missing }
    }

    /// Whether the claim holds.
    pub(super) const fn holds(&self) -> bool {
        self.missing.is_none()
    }

    #[cfg(test)]
    pub(super) const fn claim(&self) -> &'static str {
        self.claim
    }
}

/// Whether every claim holds.
pub(super) fn is_done(findings: &[Finding]) -> bool {
    findings.iter().all(Finding::holds)
}

/// Prints all findings and what they come to.
pub(super) fn print(lab: Lab, findings: &[Finding]) {
    Screen::on_stdout().line(&text(lab, findings));
}

fn text(lab: Lab, findings: &[Finding]) -> String {
    let (name, title) = (lab.name(), lab.title());
    let mut text = format!("Lab {name}: {title}\n\n");
    for Finding { claim, looked_at, saw, missing } in findings {
        match missing {
            None => text += &format!("  ✓ {claim}\n      saw        {saw}\n"),
            Some(to_do) => {
                text += &format!(
                    "  ✗ {claim}\n      looked at  {looked_at}\n      saw        {saw}\n      do         {to_do}\n"
                );
            }
        }
    }
    let missing = findings.iter().filter(|finding| !finding.holds()).count();
    let end = match (missing, findings.len()) {
        (0, _) => format!("\nLab {name} is done."),
        (missing, all) => format!("\nLab {name}: {missing} of {all} still missing."),
    };
    text + &end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_says_what_was_looked_at_and_what_to_do() {
        let findings = [
            Finding::new("the sky is blue", "the sky", "blue", true, "wait for better weather"),
            Finding::new("it rains", "the street", "dust", false, "dance"),
        ];
        let expected = "\
Lab 3a: instrument it yourself

  ✓ the sky is blue
      saw        blue
  ✗ it rains
      looked at  the street
      saw        dust
      do         dance

Lab 3a: 1 of 2 still missing.";
        assert_eq!(text(Lab::ThreeA, &findings), expected);
        assert!(!is_done(&findings) && is_done(&findings[..1]));
        assert!(text(Lab::ThreeA, &findings[..1]).ends_with("Lab 3a is done."));
    }
}
