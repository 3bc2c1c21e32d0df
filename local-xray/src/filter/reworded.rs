//! What an expression may have been meant to ask, where the language surprises: the same tree with some comparisons in other words.

use super::ast::{Condition, Expression, Fact, NumberOperator, Test, TextOperator};

/// Of which type the values of an annotation are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// Texts.
    Text,
    /// Numbers.
    Number,
    /// `true` and `false`.
    Truth,
}

impl Expression {
    /// The expression with every `a != b` as `!a = b`, which also holds where there is no value, and never where one of several
    /// values is `b`; `None` when nothing is compared with `!=`.
    pub fn without_not_equal(&self) -> Option<Self> {
        self.with_comparisons(&mut |fact, test| {
            let equal = match test {
                Test::Number(NumberOperator::NotEqual, number) => Test::Number(NumberOperator::Equal, *number),
                Test::Text(TextOperator::NotEqual, text) => Test::Text(TextOperator::Equal, text.clone()),
                _ => return None,
            };
            Some(Condition::Compare(fact.clone(), equal).negated())
        })
    }

    /// The expression with annotations compared with a value of another type, where `type_of` names one for a key and the type in
    /// the expression; `None` when that changes nothing. What cannot be written in the other type stays as it is.
    pub fn with_annotations_as(&self, type_of: &dyn Fn(&str, ValueType) -> Option<ValueType>) -> Option<Self> {
        self.with_comparisons(&mut |fact, test| {
            let Fact::Annotation(key) = fact else { return None };
            let retyped = retyped(test, type_of(key, test.value_type()?)?)?;
            Some(Condition::Compare(fact.clone(), retyped))
        })
    }

    /// The keys of the annotations that are compared with a value, and the type of that.
    pub fn compared_annotations(&self) -> Vec<(String, ValueType)> {
        let mut compared = Vec::new();
        self.with_comparisons(&mut |fact, test| {
            if let (Fact::Annotation(key), Some(value_type)) = (fact, test.value_type()) {
                compared.push((key.clone(), value_type));
            }
            None
        });
        compared
    }

    /// The expression with those comparisons replaced for which there is another condition; `None` when there is none.
    fn with_comparisons(&self, other: &mut Other<'_>) -> Option<Self> {
        let mut has_changed = false;
        let changed = replaced(&self.0, &mut |fact, test| {
            let other = other(fact, test);
            has_changed |= other.is_some();
            other
        });
        has_changed.then_some(Self(changed))
    }
}

/// What stands in place of a comparison; `None` for what stays.
type Other<'o> = dyn FnMut(&Fact, &Test) -> Option<Condition> + 'o;

fn replaced(condition: &Condition, other: &mut Other<'_>) -> Condition {
    match condition {
        Condition::All(all) => Condition::all(all.iter().map(|one| replaced(one, other)).collect()),
        Condition::Any(any) => Condition::any(any.iter().map(|one| replaced(one, other)).collect()),
        Condition::Not(inner) => replaced(inner, other).negated(),
        Condition::Compare(fact, test) => other(fact, test).unwrap_or_else(|| condition.clone()),
        Condition::Service(node, inside) => Condition::Service(node.clone(), within(inside.as_deref(), other)),
        Condition::Edge(edge, inside) => Condition::Edge(edge.clone(), within(inside.as_deref(), other)),
        Condition::RootCause(list, inside) => Condition::RootCause(*list, Box::new(replaced(inside, other))),
        Condition::Group(_) | Condition::RootCauseJson(_) => condition.clone(),
    }
}

fn within(braces: Option<&Condition>, other: &mut Other<'_>) -> Option<Box<Condition>> {
    braces.map(|inside| Box::new(replaced(inside, other)))
}

impl Test {
    fn value_type(&self) -> Option<ValueType> {
        match self {
            Self::IsSet => None,
            Self::Truth(_) => Some(ValueType::Truth),
            Self::Number(..) => Some(ValueType::Number),
            Self::Text(..) => Some(ValueType::Text),
        }
    }
}

/// The same comparison with a value of another type, where that can be written.
fn retyped(test: &Test, wanted: ValueType) -> Option<Test> {
    match (test, wanted) {
        (Test::Text(operator, text), ValueType::Number) => {
            let number = text.trim().parse().ok().filter(|number: &f64| number.is_finite())?;
            Some(Test::Number(operator.of_numbers()?, number))
        }
        (Test::Text(operator, text), ValueType::Truth) => {
            let truth = text.trim().to_ascii_lowercase().parse::<bool>().ok()?;
            Some(Test::Truth(truth == (operator.of_numbers()? == NumberOperator::Equal)))
        }
        (Test::Number(operator, number), ValueType::Text) => Some(Test::Text(operator.of_texts()?, number.to_string())),
        (Test::Truth(truth), ValueType::Text) => Some(Test::Text(TextOperator::Equal, truth.to_string())),
        _ => None,
    }
}

impl TextOperator {
    fn of_numbers(self) -> Option<NumberOperator> {
        match self {
            Self::Equal => Some(NumberOperator::Equal),
            Self::NotEqual => Some(NumberOperator::NotEqual),
            Self::Contains | Self::BeginsWith | Self::EndsWith => None,
        }
    }
}

impl NumberOperator {
    fn of_texts(self) -> Option<TextOperator> {
        match self {
            Self::Equal => Some(TextOperator::Equal),
            Self::NotEqual => Some(TextOperator::NotEqual),
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::parse;

    #[track_caller]
    fn check(text: &str, reworded: impl Fn(&Expression) -> Option<Expression>, expected: Option<&str>) {
        let found = reworded(&parse(text).unwrap()).map(|reworded| reworded.to_string());
        assert_eq!(found.as_deref(), expected, "{text}");
        if let Some(found) = found {
            assert_eq!(parse(&found).unwrap().to_string(), found, "it can be asked");
        }
    }

    #[test]
    fn not_equal_becomes_the_negation_of_equal_wherever_it_stands() {
        let check = |text, expected| check(text, Expression::without_not_equal, expected);
        check("http.status != 200", Some("!http.status = 200"));
        check(r#"!user != "a""#, Some(r#"user = "a""#));
        check(r#"ok AND (user != "a" OR annotation.x != 5)"#, Some(r#"ok AND (!user = "a" OR !annotation.x = 5)"#));
        check(r#"service("a") { http.status != 200 }"#, Some(r#"service("a") { !http.status = 200 }"#));
        check(r#"edge("a", "b") { http.status != 200 }"#, Some(r#"edge("a", "b") { !http.status = 200 }"#));
        check(r#"rootcause.fault.entity { name != "a" }"#, Some(r#"rootcause.fault.entity { !name = "a" }"#));
        check(r#"user = "!=" AND http.status < 300 AND annotation.x"#, None);
        check("", None);
    }

    #[test]
    fn annotations_are_compared_with_the_type_that_they_have() {
        let is = |to: ValueType| {
            move |expression: &Expression| {
                expression.with_annotations_as(&|key, from| (key == "x" && from != to).then_some(to))
            }
        };
        check(r#"annotation.x = "41" AND ok"#, is(ValueType::Number), Some("annotation.x = 41 AND ok"));
        check(
            r#"service() { annotation[x] != "4.5" }"#,
            is(ValueType::Number),
            Some("service() { annotation.x != 4.5 }"),
        );
        check("annotation.x = 41", is(ValueType::Text), Some(r#"annotation.x = "41""#));
        check("annotation.x = true", is(ValueType::Text), Some(r#"annotation.x = "true""#));
        check(r#"annotation.x = "True""#, is(ValueType::Truth), Some("annotation.x = true"));
        check(r#"annotation.x != "true""#, is(ValueType::Truth), Some("annotation.x = false"));
        for (text, to) in [
            (r#"annotation.x = "soon""#, ValueType::Number),
            (r#"annotation.x = "NaN""#, ValueType::Number),
            (r#"annotation.x CONTAINS "4""#, ValueType::Number),
            ("annotation.x > 4", ValueType::Text),
            ("annotation.x = 1", ValueType::Truth),
            (r#"annotation.y = "41""#, ValueType::Number),
            ("annotation.x", ValueType::Number),
            (r#"user = "41""#, ValueType::Number),
        ] {
            check(text, is(to), None);
        }
    }

    #[test]
    fn compared_annotations_are_found_in_braces_too() {
        let expression = parse(r#"annotation.a = 1 OR service() { !annotation.b != "c" AND annotation.d }"#).unwrap();
        let found = expression.compared_annotations();
        assert_eq!(found, [("a".to_owned(), ValueType::Number), ("b".to_owned(), ValueType::Text)]);
    }
}
