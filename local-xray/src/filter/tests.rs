//! What is refused and how it is said, and the canonical text of what is not.

use super::parser::MAX_NESTING;
use super::*;

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let error = parse(text).expect_err(text);
    let lines: Vec<_> = error.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines, expected, "{text}");
}

#[test]
fn misspelt_words_are_pointed_at_with_the_word_that_was_meant() {
    check(
        "responsetme > 5",
        &[
            "unknown keyword `responsetme` (at character 1)",
            "  responsetme > 5",
            "  ^^^^^^^^^^^",
            "did you mean `responsetime`?",
        ],
    );
    check(
        r#"ok AND sevrice("like service") { eror }"#,
        &[
            "unknown keyword `sevrice` (at character 8)",
            r#"  ok AND sevrice("like service") { eror }"#,
            "         ^^^^^^^",
            "did you mean `service`?",
        ],
    );
    check(
        r#"service("like service") { eror }"#,
        &[
            "unknown keyword `eror` (at character 27)",
            r#"  service("like service") { eror }"#,
            "                            ^^^^",
            "did you mean `error`?",
        ],
    );
    check(
        r#"http.url CONTAIN "x""#,
        &[
            "expected an operator, found `CONTAIN` (at character 10)",
            r#"  http.url CONTAIN "x""#,
            "           ^^^^^^^",
            "did you mean `CONTAINS`?",
        ],
    );
    check(
        r#"http.url LIKE "x""#,
        &[
            "expected an operator, found `LIKE` (at character 10)",
            r#"  http.url LIKE "x""#,
            "           ^^^^",
            "operators are =, !=, <, <=, >, >=, CONTAINS, BEGINSWITH and ENDSWITH",
        ],
    );
    check(
        r#"service(id(nme: "x"))"#,
        &[
            "expected name:, type: or account.id:, found `nme` (at character 12)",
            r#"  service(id(nme: "x"))"#,
            "             ^^^",
            "did you mean `name`?",
        ],
    );
    check(
        "rootcause.fault.entities { last }",
        &[
            "unknown keyword `rootcause.fault.entities` (at character 1)",
            "  rootcause.fault.entities { last }",
            "  ^^^^^^^^^^^^^^^^^^^^^^^^",
        ],
    );
    check("x = 5", &["unknown keyword `x` (at character 1)", "  x = 5", "  ^"]);
}

#[test]
fn keywords_out_of_place_say_where_they_belong() {
    check(
        "coverage > 0.5",
        &[
            "`coverage` means nothing at the top level (at character 1)",
            "  coverage > 0.5",
            "  ^^^^^^^^",
            "it belongs inside `rootcause.responsetime.entity { }`",
        ],
    );
    check(
        r#"edge("a", "b") { user = "alice" }"#,
        &[
            "`user` means nothing inside `edge(…) { }` (at character 18)",
            r#"  edge("a", "b") { user = "alice" }"#,
            "                   ^^^^",
            "it belongs at the top level, inside `service(…) { }`",
        ],
    );
    check(
        r#"service("a") { service("b") }"#,
        &[
            "`service` means nothing inside `service(…) { }` (at character 16)",
            r#"  service("a") { service("b") }"#,
            "                 ^^^^^^^",
            "it asks about the whole trace: join it outside with AND or OR",
        ],
    );
    check(
        "rootcause.fault.entity { annotation.x }",
        &[
            "annotations mean nothing inside `rootcause.fault.entity { }` or `rootcause.error.entity { }` (at character 26)",
            "  rootcause.fault.entity { annotation.x }",
            "                           ^^^^^^^^^^^^",
        ],
    );
    check(
        "rootcause.responsetime.exception { last }",
        &[
            "unknown keyword `rootcause.responsetime.exception` (at character 1)",
            "  rootcause.responsetime.exception { last }",
            "  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
            "the causes of response times have no exceptions",
        ],
    );
}

#[test]
fn values_and_operators_of_the_wrong_type_are_refused() {
    check(
        r#"http.status = "200""#,
        &[
            "expected a number, found a text (at character 15)",
            r#"  http.status = "200""#,
            "                ^^^^^",
            "write 200 without quotes",
        ],
    );
    check(
        "responsetime > 5s",
        &[
            "`5s` is not a number (at character 16)",
            "  responsetime > 5s",
            "                 ^^",
            "times are in seconds, without a unit",
        ],
    );
    check(
        "annotation.gameid = 817DL6VO",
        &[
            "`817DL6VO` is not a number (at character 21)",
            "  annotation.gameid = 817DL6VO",
            "                      ^^^^^^^^",
            "texts stand in double quotes: \"817DL6VO\"",
        ],
    );
    check(
        r#"http.url > "a""#,
        &[
            "`http.url` is a text and takes =, !=, CONTAINS, BEGINSWITH and ENDSWITH (at character 10)",
            r#"  http.url > "a""#,
            "           ^",
        ],
    );
    check(
        "fault CONTAINS true",
        &[
            "`fault` is true or false and takes only = and != (at character 7)",
            "  fault CONTAINS true",
            "        ^^^^^^^^",
        ],
    );
    check("ok = yes", &["expected true or false, found `yes` (at character 6)", "  ok = yes", "       ^^^"]);
    check(
        r#"annotation.age > "29""#,
        &[
            "texts are compared with =, !=, CONTAINS, BEGINSWITH and ENDSWITH (at character 16)",
            r#"  annotation.age > "29""#,
            "                 ^",
            "write 29 without quotes",
        ],
    );
    check(
        "user = 5",
        &["expected a text in double quotes, found the number 5 (at character 8)", "  user = 5", "         ^"],
    );
    check(
        "responsetime > 1e999",
        &["`1e999` is too large a number (at character 16)", "  responsetime > 1e999", "                 ^^^^^"],
    );
}

#[test]
fn what_is_missing_is_named_where_it_is_missing() {
    check(
        "responsetime >",
        &[
            "expected a number, found the end of the expression (at character 15)",
            "  responsetime >",
            "                ^",
        ],
    );
    check(
        "ok AND",
        &["expected a keyword, `!` or `(`, found the end of the expression (at character 7)", "  ok AND", "        ^"],
    );
    check(
        r#"service("a") { fault"#,
        &[
            "expected `}`, found the end of the expression (at character 21)",
            r#"  service("a") { fault"#,
            "                      ^",
        ],
    );
    check(
        r#"service("a") { }"#,
        &["expected a keyword, `!` or `(`, found `}` (at character 16)", r#"  service("a") { }"#, "                 ^"],
    );
    check(
        r#"edge("a")"#,
        &[
            "expected `,` and the called service, found `)` (at character 9)",
            r#"  edge("a")"#,
            "          ^",
            r#"write edge("caller", "callee")"#,
        ],
    );
    check(
        "annotation = 5",
        &[
            "expected a key, found `=` (at character 12)",
            "  annotation = 5",
            "             ^",
            "write annotation.key or annotation[key]",
        ],
    );
    check(
        "annotation[a b",
        &[
            "expected `]` (at character 15)",
            "  annotation[a b",
            "                ^",
            "an annotation's key stands alone in its brackets, quoted or bare: annotation[key]",
        ],
    );
    check(
        "(ok OR fault",
        &["expected `)`, found the end of the expression (at character 13)", "  (ok OR fault", "              ^"],
    );
    check(
        r#"http.url CONTAINS "/api"#,
        &[
            "this text has no closing double quote (at character 19)",
            r#"  http.url CONTAINS "/api"#,
            "                    ^^^^^",
        ],
    );
    check(
        "rootcause.fault.service",
        &[
            "expected `{`, found the end of the expression (at character 24)",
            "  rootcause.fault.service",
            "                         ^",
        ],
    );
}

#[test]
fn habits_from_other_languages_are_recognised() {
    check(
        r#"group.name != "a""#,
        &[
            "expected `=`, found `!=` (at character 12)",
            r#"  group.name != "a""#,
            "             ^^",
            r#"write group.name = "…", or !group.name = "…" for all others"#,
        ],
    );
    check(
        "http.status == 404",
        &["unexpected `==` (at character 13)", "  http.status == 404", "              ^^", "write a single `=`"],
    );
    check("ok && fault", &["unexpected `&&` (at character 4)", "  ok && fault", "     ^^", "write AND"]);
    check("not ok", &["unknown keyword `not` (at character 1)", "  not ok", "  ^^^", "write `!` for not"]);
    check(
        "user = 'alice'",
        &[
            "unexpected `'` (at character 8)",
            "  user = 'alice'",
            "         ^",
            "texts stand in double quotes, like \"this\"",
        ],
    );
    check(
        "user = a@b.c",
        &[
            "unexpected `@` (at character 9)",
            "  user = a@b.c",
            "          ^",
            "texts with signs in them stand in double quotes",
        ],
    );
    check(
        r#""like service""#,
        &[
            "expected a keyword, `!` or `(`, found a text (at character 1)",
            r#"  "like service""#,
            "  ^^^^^^^^^^^^^^",
            "a text needs a keyword in front, for example service(\"name\") or http.url CONTAINS \"text\"",
        ],
    );
    check(
        r#"ok "x""#,
        &["expected AND, OR or the end of the expression, found a text (at character 4)", r#"  ok "x""#, "     ^^^"],
    );
}

#[test]
fn root_causes_as_json_are_checked() {
    check(
        "json = #[{\"Servces\": []}]",
        &[
            "this is not a list of root causes: unknown field `Servces`, expected `ClientImpacting` or `Services` (at character 8)",
            "  json = #[{\"Servces\": []}]",
            "         ^^^^^^^^^^^^^^^^^^",
        ],
    );
    check(
        "json = #[1,]",
        &["the JSON after `#` is not valid: trailing comma (at character 12)", "  json = #[1,]", "             ^"],
    );
    check(
        "json = #{}",
        &[
            "expected a JSON list of root causes after `#` (at character 8)",
            "  json = #{}",
            "         ^^^",
            "write #[ … ], also for a single root cause",
        ],
    );
    check(
        "json = #[{\"Services\": [",
        &[
            "the JSON after `#` is not valid: EOF while parsing a list (at character 24)",
            "  json = #[{\"Services\": [",
            "                         ^",
        ],
    );
}

#[test]
fn the_shown_line_is_the_one_with_the_error() {
    check(
        "ok AND\n\tfalt AND\nerror",
        &["unknown keyword `falt` (at character 9)", "   falt AND", "   ^^^^", "did you mean `fault`?"],
    );
    let long = format!("{}falt{}", "ok ".repeat(40), " ok".repeat(40));
    let error = parse(&long).unwrap_err().to_string();
    let shown = format!("  …{}falt{}…", "ok ".repeat(20), " ok".repeat(20));
    assert_eq!(error.lines().nth(1), Some(shown.as_str()));
}

#[test]
fn limits_are_refused_and_not_overrun() {
    let nested = |levels: usize| format!("{}ok{}", "(".repeat(levels), ")".repeat(levels));
    assert!(parse(&nested(MAX_NESTING)).is_ok());
    assert_eq!(parse(&nested(MAX_NESTING + 1)).unwrap_err().message(), "more than 32 levels of nesting");
    assert!(parse(&"!".repeat(MAX_BYTES)).is_err());
    assert!(parse(&"(".repeat(MAX_BYTES)).is_err());
    let long = format!("user = \"{}\"", "x".repeat(MAX_BYTES));
    assert_eq!(parse(&long).unwrap_err().message(), "the expression is longer than 16384 bytes");
    // What fits as it is written but not in canonical form would be refused when it comes back.
    assert!(parse(&"ok ".repeat(MAX_BYTES / 3)).is_err());
}

#[test]
fn one_meaning_has_one_canonical_text() {
    let check = |text: &str, expected: &str| assert_eq!(parse(text).unwrap().to_string(), expected, "{text}");
    check("", "");
    check("  \n ", "");
    check("OK = FALSE", "!ok");
    check("ok != true AND !(fault)", "!ok AND !fault");
    check("(ok !partial) duration <3", "ok AND !partial AND duration < 3");
    check("ok fault OR (error)", "ok AND fault OR error");
    check("(ok OR fault) error", "(ok OR fault) AND error");
    check("!(ok fault)", "!(ok AND fault)");
    check(r#"edge(id(name: "a"), id(type: "T")) { fault = true }"#, r#"edge("a", id(type: "T")) { fault }"#);
    check(r#"service(id(account.id: x, name: "n"))"#, r#"service(id(name: "n", account.id: "x"))"#);
    check("annotation[ a.b ] = 1.50", r#"annotation["a.b"] = 1.5"#);
    check("annotation[plain] = yes", r#"annotation.plain = "yes""#);
    check("responsetime >= 1e-30", "responsetime >= 1e-30");
    check(r#"JSON != #[ {"Services": null} ]"#, "!rootcause.json = #[{}]");
}
