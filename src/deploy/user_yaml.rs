//! Settings of TLS that are added to somebody's `user.yaml`.

use crate::deploy::marker::Marker;
use crate::deploy::merge::{documents, mapping, merged_settings, settings_without};
use crate::yaml::{Document, Node};

/// Stands above the settings.
const FROM: &str = "# TLS, by `milvus-certs config standalone`: tls.yaml says what puts it back.\n";

/// What is to become of what somebody has set otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Otherwise {
    /// Nothing is written.
    IsRefused,
    /// It stays: it has been set since the last time.
    Stays,
    /// Ours takes its place.
    IsReplaced,
}

/// What becomes of a `user.yaml`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct UserYaml {
    /// What is in it then; none where it stays as it is.
    pub text: Option<String>,
    /// Whether that has been written anew: values are as they were, comments are not there.
    pub is_rewritten: bool,
    /// What somebody has set otherwise, and stays.
    pub kept: Vec<String>,
}

/// A `user.yaml` with settings; `before` are those of the last time, if they were others.
///
/// # Errors
/// Why nothing can be added, and what helps.
pub(crate) fn with_settings(
    theirs: &str,
    settings: &str,
    before: Option<&str>,
    otherwise: Otherwise,
) -> Result<UserYaml, (String, &'static str)> {
    const CORRECT_IT: &str = "correct it, then run this again";
    let correct_it = |reason: String| (reason, CORRECT_IT);
    if let Some(marker) = Marker::of(theirs) {
        let reason = format!("`config {}` wrote it", marker.config);
        return Err((reason, "choose another folder with --out: a Milvus has one user.yaml"));
    }
    let (read, ours) = (documents(theirs).map_err(correct_it)?, documents(settings).map_err(correct_it)?);
    if read.len() > 1 {
        return Err(correct_it("it has several documents, of which Milvus reads the first alone".into()));
    }
    if let Some(defect) = read.iter().find_map(Document::defect) {
        return Err(correct_it(defect.reason));
    }
    let (read, ours) = (mapping(&read).map_err(correct_it)?, mapping(&ours).map_err(correct_it)?);
    let difference = difference(read, ours).map_err(correct_it)?;
    if !difference.otherwise.is_empty() && otherwise == Otherwise::IsRefused {
        let reason = format!("it says something else already: {}", difference.otherwise.join(", "));
        return Err((
            reason,
            "take these out of it, or ask for the same; --force replaces them, and keeps a copy in backup-TIME",
        ));
    }
    let keeps = otherwise != Otherwise::IsReplaced;
    let kept = if keeps { difference.otherwise } else { Vec::new() };
    if before.is_none() && !difference.lacks && (keeps || kept.is_empty() && is_within(read, ours)) {
        return Ok(UserYaml { kept, ..UserYaml::default() });
    }
    let merged = || match before {
        // Theirs comes first, and last.
        _ if keeps => merged_settings(&merged_settings(theirs, settings)?, theirs),
        Some(before) => merged_settings(&settings_without(theirs, before)?, settings),
        None => merged_settings(theirs, settings),
    };
    let merged = merged().map_err(correct_it)?;
    let end = if theirs.is_empty() || theirs.ends_with('\n') { "" } else { "\n" };
    let block = [FROM, before.unwrap_or(settings)].concat();
    let mut candidates = vec![theirs.replacen(&block, &[FROM, settings].concat(), 1)];
    // Below the end of a document some readers take nothing more.
    if !theirs.lines().any(|line| line.trim_end() == "...") {
        candidates.push([theirs, end, FROM, settings].concat());
    }
    let text = candidates.into_iter().find(|candidate| says_the_same(candidate, &merged));
    let is_rewritten = text.is_none();
    let text = text.unwrap_or_else(|| if read.is_some() { merged } else { [FROM, settings].concat() });
    Ok(UserYaml { text: Some(text), is_rewritten, kept })
}

/// What a file has not of some settings, and what it has otherwise.
#[derive(Default)]
struct Difference {
    lacks: bool,
    otherwise: Vec<String>,
}

/// # Errors
/// If it says something by a name that Milvus takes for the same, which is ours in lower case, with or without dots.
fn difference(theirs: Option<Node<'_>>, ours: Option<Node<'_>>) -> Result<Difference, String> {
    let (mut named, mut wanted) = (Vec::new(), Vec::new());
    leaves(theirs, &mut Vec::new(), &mut named);
    leaves(ours, &mut Vec::new(), &mut wanted);
    let lowered = |path: &[String]| path.join(".").to_lowercase();
    let mut difference = Difference::default();
    for (path, value) in &wanted {
        let key = lowered(path);
        // A value that is no mapping stands in the way of all below it.
        let is_above = |other: &str| {
            key.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let found: Vec<_> = named.iter().filter(|(other, _)| is_above(&lowered(other))).collect();
        match found.as_slice() {
            [] => difference.lacks = true,
            [(other, set)] if path.starts_with(other) => {
                if other != path || !is_same(*set, *value) {
                    let shown = set.as_str().map_or_else(|| set.described(), str::to_owned);
                    let shown = format!("{} is {shown}", other.join("."));
                    if !difference.otherwise.contains(&shown) {
                        difference.otherwise.push(shown);
                    }
                }
            }
            [(other, _), ..] => {
                return Err(format!("it names {} in another way: {}", path.join("."), other.join(".")));
            }
        }
    }
    Ok(difference)
}

/// All values but mappings, with their paths.
fn leaves<'a>(node: Option<Node<'a>>, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, Node<'a>)>) {
    for entry in node.into_iter().flat_map(|node| node.entries()) {
        path.push(entry.name().to_owned());
        match entry.value.is_mapping() {
            true => leaves(Some(entry.value), path, found),
            false => found.push((path.clone(), entry.value)),
        }
        path.pop();
    }
}

fn is_within(whole: Option<Node<'_>>, part: Option<Node<'_>>) -> bool {
    whole.zip(part).is_some_and(|(whole, part)| has_all(whole, part))
}

/// Whether Milvus reads the same of two texts: what stands below the rest may be of a second document, or repeat a key.
fn says_the_same(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (documents(one), documents(other)) else { return false };
    let is_whole = one.len() == 1 && one.iter().all(|document| document.defect().is_none());
    match (mapping(&one), mapping(&other)) {
        (Ok(Some(one)), Ok(Some(other))) => is_whole && has_all(one, other) && has_all(other, one),
        _ => false,
    }
}

/// Whether all that one mapping says is in another.
fn has_all(whole: Node<'_>, part: Node<'_>) -> bool {
    let has = |entry: &crate::yaml::Entry<'_>| {
        whole.get(entry.name()).is_some_and(|value| match entry.value.is_mapping() {
            true => value.is_mapping() && has_all(value, entry.value),
            false => is_same(value, entry.value),
        })
    };
    part.entries().iter().all(has)
}

fn is_same(one: Node<'_>, other: Node<'_>) -> bool {
    if one.is_mapping() || other.is_mapping() {
        return one.is_mapping() && other.is_mapping() && has_all(one, other) && has_all(other, one);
    }
    let items = || one.items().zip(other.items()).all(|(one, other)| is_same(one, other));
    one.as_str() == other.as_str()
        && one.is_sequence() == other.is_sequence()
        && one.items().count() == other.items().count()
        && items()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "common:\n  security:\n    tlsMode: 1\ntls:\n  caPemPath: \"/ca.pem\"\n";
    const OTHERS: &str = "common:\n  security:\n    tlsMode: 1\n    internaltlsEnabled: true\n";

    fn first(theirs: &str) -> Result<UserYaml, String> {
        with_settings(theirs, OURS, None, Otherwise::IsRefused).map_err(|(reason, _)| reason)
    }

    fn again(theirs: &str) -> UserYaml {
        with_settings(theirs, OURS, None, Otherwise::Stays).unwrap()
    }

    fn extended(theirs: &str) -> UserYaml {
        UserYaml { text: Some([theirs, FROM, OURS].concat()), ..UserYaml::default() }
    }

    fn rewritten(text: &str) -> UserYaml {
        UserYaml { text: Some(text.into()), is_rewritten: true, kept: Vec::new() }
    }

    #[test]
    fn a_file_without_settings_is_extended_the_first_time_and_whenever_it_has_been_emptied() {
        for theirs in ["", "# Extra config\n", "---\n"] {
            assert_eq!(first(theirs), Ok(extended(theirs)), "{theirs:?}");
            assert_eq!(again(theirs), extended(theirs), "{theirs:?}");
        }
        assert_eq!(first("# no end of line"), Ok(extended("# no end of line\n")));
        // What stands below these is of another document, or of none.
        for theirs in ["null\n", "~\n", "# only\n...\n"] {
            assert_eq!(first(theirs), Ok(rewritten(&[FROM, OURS].concat())), "{theirs:?}");
        }
    }

    #[test]
    fn settings_of_others_keep_their_comments_where_ours_can_stand_below_them() {
        let theirs = "log:\n  level: warn # less\n";
        assert_eq!(first(theirs), Ok(extended(theirs)));
        assert_eq!(again(&extended(theirs).text.unwrap()), UserYaml::default());
        let security = "common:\n  security:\n    authorizationEnabled: true # users\n";
        let merged = "common:\n  security:\n    authorizationEnabled: true\n    tlsMode: 1\ntls:\n  caPemPath: \"/ca.pem\"\n";
        assert_eq!(first(security), Ok(rewritten(merged)));
    }

    #[test]
    fn what_somebody_has_edited_stays_and_what_is_not_there_comes_back() {
        let edited = format!("log: {{}}\n{OURS}").replace("tlsMode: 1", "tlsMode: 2");
        let kept = vec!["common.security.tlsMode is 2".to_owned()];
        assert_eq!(again(&edited), UserYaml { kept: kept.clone(), ..UserYaml::default() });
        // Emptied by an upgrade, and one value put back by hand.
        let found = again("common:\n  security:\n    tlsMode: 2\n");
        let text = "common:\n  security:\n    tlsMode: 2\ntls:\n  caPemPath: \"/ca.pem\"\n";
        assert_eq!(found, UserYaml { text: Some(text.into()), is_rewritten: true, kept });
    }

    #[test]
    fn other_settings_take_the_place_of_ours_and_comments_stay() {
        let replace =
            |theirs: &str| with_settings(theirs, OURS, Some(OTHERS), Otherwise::IsReplaced).unwrap();
        let theirs = "log: # c\n  level: debug\n";
        assert_eq!(replace(&[theirs, FROM, OTHERS].concat()), extended(theirs));
        assert_eq!(replace(&format!("log: {{}}\n{OTHERS}")), rewritten(&format!("log: {{}}\n{OURS}")));
    }

    #[test]
    fn what_says_something_else_is_replaced_only_by_force() {
        for (theirs, said) in [
            ("common: {security: {tlsMode: 2}}\n", "common.security.tlsMode is 2"),
            ("common: 5\n", "common is 5"),
            ("tls: []\n", "tls is a list"),
        ] {
            let refused = first(theirs).unwrap_err();
            assert!(refused.contains(said), "{refused}");
            let forced = with_settings(theirs, OURS, None, Otherwise::IsReplaced).unwrap();
            assert!(forced.is_rewritten && forced.text.unwrap().contains("tlsMode: 1"), "{theirs}");
        }
    }

    #[test]
    fn what_nothing_can_be_added_to_is_an_error() {
        for theirs in [
            "- a\n",
            "a: [\n",
            "text\n",
            "a: 1\n---\nb: 2\n",
            "a: 1\na: 2\n",
            // Milvus takes these for ours.
            "Common: {Security: {TLSMode: 2}}\n",
            "common.security.tlsMode: 1\n",
            "# milvus-certs: {\"config\":\"compose\",\"options\":{},\"digest\":\"\",\"shape\":\"\"}\n",
        ] {
            assert!(first(theirs).is_err(), "{theirs}");
        }
    }
}
