use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::base::shown::shortened;
use crate::yaml::*;

fn origin() -> Origin {
    Origin::file("f.yaml")
}

fn document(text: &str) -> Document {
    let mut documents = read(text, &origin()).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    documents.remove(0)
}

/// Where a text is refused and why, as a person sees it.
fn refusal(text: &str) -> String {
    match read(text, &origin()) {
        Ok(_) => "read".into(),
        Err(Malformed { place, reason }) => format!("{place} {reason}"),
    }
}

/// Visits everything, as often as it can be reached.
fn walk(node: Node<'_>) -> usize {
    let below = node.entries().into_iter().map(|entry| walk(entry.value)).sum::<usize>();
    1 + below + node.items().map(walk).sum::<usize>()
}

#[test]
fn values_and_keys_know_where_they_are_counted_from_one() {
    let document = document("a: 1\nb:\n  c: 'x'\n  d: [y, {e: z}]\nä: é\n");
    let place = |path: &[&str]| document.root().at(path).map(|node| node.place().to_string());
    assert_eq!(place(&["a"]).as_deref(), Some("f.yaml:1:4"));
    assert_eq!(place(&["b"]).as_deref(), Some("f.yaml:3:3"));
    assert_eq!(place(&["b", "c"]).as_deref(), Some("f.yaml:3:6"));
    assert_eq!(place(&["ä"]).as_deref(), Some("f.yaml:5:4"), "columns are characters");
    let items: Vec<_> = document.root().at(&["b", "d"]).into_iter().flat_map(Node::items).collect();
    assert_eq!(items[1].get("e").map(|node| node.place().to_string()).as_deref(), Some("f.yaml:4:14"));
    let key = document.root().entry("b").map(|entry| entry.key.place().to_string());
    assert_eq!(key.as_deref(), Some("f.yaml:2:1"));
}

#[test]
fn plain_null_is_nothing_and_quoted_null_is_text() {
    let document = document("a: null\nb: ~\nc:\nd: 'null'\ne: \"\"\nf: !!str null\n");
    let text = |key| document.root().text(key);
    assert_eq!([text("a"), text("b"), text("c")], [None; 3]);
    assert_eq!([text("d"), text("e"), text("f")], [Some("null"), Some(""), Some("null")]);
}

#[test]
fn scalars_become_the_strings_that_milvus_sees() {
    for (written, seen) in [
        ("1", "1"),
        ("1.0", "1"),
        ("0x1", "1"),
        ("01", "1"),
        ("+2", "2"),
        ("8_080", "8080"),
        ("-1", "-1"),
        ("1e3", "1000"),
        ("'1.0'", "1.0"),
        ("1.5", "1.5"),
        ("yes", "true"),
        ("Off", "false"),
        ("\"yes\"", "yes"),
        ("one", "one"),
        ("~", ""),
        ("1.2.3", "1.2.3"),
        ("+", "+"),
        ("-", "-"),
        (".", "."),
        ("0x", "0x"),
        ("09", "9"),
        ("99999999999999999999", "100000000000000000000"),
        ("/certs/server.pem", "/certs/server.pem"),
    ] {
        let text = format!("a: {written}");
        if written == "-" {
            continue;
        }
        assert_eq!(
            document(&text).root().get("a").and_then(Node::as_go_string).as_deref(),
            Some(seen),
            "{written}"
        );
    }
}

#[test]
fn aliases_are_the_anchored_node_itself() {
    let document = document("a: &x {k: v}\nb: *x\n");
    assert_eq!(
        document.root().at(&["b", "k"]).map(|node| node.place().to_string()).as_deref(),
        Some("f.yaml:1:11")
    );
}

#[test]
fn merged_keys_are_found_and_own_keys_win() {
    let document = document(
        "x: &x {k: x, l: x}\ny: &y {l: y, m: y}\na:\n  <<: [*x, *y]\n  k: own\nb:\n  k: own\n  <<: *y\nc: {'<<': *x}\n",
    );
    let text = |a, b| document.root().at(&[a, b]).and_then(Node::as_str);
    assert_eq!([text("a", "k"), text("a", "l"), text("a", "m")], [Some("own"), Some("x"), Some("y")]);
    assert_eq!([text("b", "k"), text("b", "l")], [Some("own"), Some("y")]);
    assert_eq!(text("c", "k"), None, "a quoted << is a key like any other");
    let other = super::tests::document("? [a]\n: {k: v}\nb: 1\n");
    assert!(other.root().get("k").is_none(), "nor is a collection a merge");
    let names = |key| {
        document
            .root()
            .get(key)
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .map(|e| e.name())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("a"), ["k", "l", "m"]);
}

#[test]
fn a_repeated_key_is_a_defect_and_the_last_value_counts() {
    let document = document("common: {a: 1}\nother: 2\ncommon: {b: 2}\n");
    let defect = document.defect().map(|defect| defect.place.to_string());
    assert_eq!(defect.as_deref(), Some("f.yaml:3:1"));
    assert!(document.root().at(&["common", "a"]).is_none());
    assert_eq!(document.root().at(&["common", "b"]).and_then(Node::as_str), Some("2"));
    assert!(super::tests::document("a: {k: 1}\nb: {k: 1}\n").defect().is_none());
}

#[test]
fn every_document_of_a_file_is_read() {
    let documents = read("a: 1\n---\n---\nb: 2\n...\n# end\n", &origin()).unwrap_or_default();
    let roots: Vec<_> = documents.iter().map(|document| document.root().described()).collect();
    assert_eq!(roots, ["a mapping", "empty", "a mapping"]);
    assert_eq!(documents[2].root().place().to_string(), "f.yaml:4:1");
}

#[test]
fn files_from_windows_are_read_like_any_other() {
    let document = document("\u{feff}a: 1\r\nb: |\r\n  c: 1\r\n");
    assert_eq!(document.root().text("b"), Some("c: 1\n"));
}

#[test]
fn a_tab_can_stand_after_a_colon() {
    let document = document("a:\tlocalhost\nb:\t\t\"x\"\t# c\n");
    assert_eq!([document.root().text("a"), document.root().text("b")], [Some("localhost"), Some("x")]);
    assert_eq!(document.root().get("a").map(|node| node.place().to_string()).as_deref(), Some("f.yaml:1:4"));
}

#[test]
fn a_literal_block_keeps_its_lines_positions() {
    for (text, expected) in [
        ("u: |\n  a: 1\n  b:\n    c: 2\n", "f.yaml:4:8"),
        ("x:\n    u: |+\n\n\n        b:\n          c: 2\n", "f.yaml:6:14"),
        ("u: |2\n    b:\n      c: 2\n", "f.yaml:3:10"),
        ("u: \"b:\\n  c: 2\"\n", "f.yaml:1:4"),
        ("u: &x |\n  b:\n    c: 2\n", "f.yaml:1:4"),
    ] {
        let outer = document(text);
        let node = outer.root().get("u").or(outer.root().at(&["x", "u"])).unwrap();
        let (inner, origin) = node.embedded().unwrap();
        let inner = read(inner, &origin).unwrap_or_default();
        let place = inner[0].root().at(&["b", "c"]).map(|node| node.place().to_string());
        assert_eq!(place.as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn malformed_text_is_refused_with_line_and_column() {
    assert!(refusal("a: 1\nb: c: d\n").starts_with("f.yaml:2:5 "), "{}", refusal("a: 1\nb: c: d\n"));
    assert!(refusal("a: [1\n").starts_with("f.yaml:2:1 "), "{}", refusal("a: [1\n"));
    assert!(refusal("a: *x\n").starts_with("f.yaml:1:4 "));
    let refused = read_file(b"a: \xff", &origin()).err().map(|malformed| malformed.place.to_string());
    assert_eq!(refused.as_deref(), Some("f.yaml:1:4"));
}

#[test]
fn what_go_refuses_of_aliases_is_refused() {
    assert_eq!(refusal("a: &a [*a]\n"), "f.yaml:1:8 the alias stands within its own anchor");
    assert_eq!(refusal("a: &a\n  <<: *a\n"), "f.yaml:2:7 the alias stands within its own anchor");
    assert_eq!(refusal("a: &x 1\n---\nb: *x\n"), "f.yaml:3:4 the alias has no anchor in its document");
}

#[test]
fn a_billion_laughs_are_refused_and_cost_nothing() {
    let mut text = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..30 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let began = Instant::now();
    assert!(refusal(&text).contains("its aliases unfold to much more than is written"));
    assert!(began.elapsed() < Duration::from_millis(200));
}

#[test]
fn a_long_text_cannot_be_repeated_without_end() {
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 19), "*a, ".repeat(10_000));
    assert_eq!(refusal(&text), "f.yaml:2:29 its aliases unfold to much more than is written");
    let text = format!("a: {}\n{}", "x".repeat(1 << 19), "b: [1, 2]\n---\n".repeat(90));
    assert_eq!(refusal(&text), "read");
}

#[test]
fn long_deep_and_wide_files_are_refused_in_bounded_time() {
    let megabyte = 1 << 20;
    let nested: String = (0..1_400).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let aliases = format!("- &a x\n{}", "- *a\n".repeat(megabyte / 5 - 2));
    for text in [
        "x".repeat(megabyte + 1),
        "- ".repeat(megabyte / 2),
        "? ".repeat(megabyte / 2),
        "[".repeat(megabyte),
        "{".repeat(megabyte),
        "a:\n".repeat(megabyte / 3),
        "---\n".repeat(megabyte / 4),
        nested,
        aliases,
        "- a\n".repeat(megabyte / 4),
    ] {
        let began = Instant::now();
        let refused = refusal(&text);
        assert_ne!(refused, "read", "{:.20}", text);
        assert!(began.elapsed() < Duration::from_secs(10), "{:.20}: {:?}", text, began.elapsed());
    }
}

#[test]
fn evidence_is_short_and_shows_no_keys() {
    assert_eq!(shortened(&"ä".repeat(100)).chars().count(), 43);
}

/// What YAML gives a meaning to.
const TOKENS: [&str; 35] = [
    "a: ",
    "b: ",
    "\n",
    "\n  ",
    "\n    ",
    "- ",
    "? ",
    ": ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "&x ",
    "*x",
    "<<: *x",
    "|\n   t",
    ">-\n  t",
    "'",
    "\"",
    "#",
    "!!str ",
    "!t ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "\t",
    "\r\n",
    "\u{feff}",
    "é",
    "\\",
    "1",
    "@",
    "`",
    "\0",
];

fn yaml_like() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&TOKENS), 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*|(?s).{0,200}") {
        for document in read(&text, &origin()).unwrap_or_default() {
            walk(document.root());
        }
    }

    #[test]
    fn any_text_that_looks_like_yaml_is_read_or_refused(text in yaml_like()) {
        for document in read(&text, &origin()).unwrap_or_default() {
            prop_assert!(walk(document.root()) <= MAX_WEIGHT);
            document.root().embedded();
            document.defect();
        }
    }

    #[test]
    fn any_octets_are_read_or_refused(content: Vec<u8>) {
        let _ = read_file(&content, &origin());
    }

    #[test]
    fn positions_lie_within_the_text(text in yaml_like()) {
        let lines = text.lines().count() + 2;
        for document in read(&text, &origin()).unwrap_or_default() {
            for node in &document.nodes {
                prop_assert!((1..=lines).contains(&node.position.line) && node.position.column >= 1);
            }
        }
    }
}
