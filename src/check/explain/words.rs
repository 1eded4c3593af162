//! Finds all words that are known in a text, in one go.

use std::sync::LazyLock;

use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Input, PatternID};

use crate::check::explain::marks::{MARKS, Peer};
use crate::check::explain::sayings::{SAYINGS, SERVER_SAYS, SPEAKERS, Saying, Speaker};

/// The known words that a text has, and where.
pub(super) struct Words(Option<Vec<Option<usize>>>);

/// A saying that a text has.
pub(super) struct Found {
    pub(super) saying: &'static Saying,
    /// Its number in the table: the lower, the more specific.
    pub(super) rank: usize,
    /// Where it begins.
    pub(super) start: usize,
}

impl Words {
    pub(super) fn of(text: &[u8]) -> Self {
        Self::that(text, |octet| octet.is_ascii_alphanumeric())
    }

    /// Those that are a whole part of a path or of a package: `/home/me/redis-demo` says nothing of Redis.
    pub(super) fn of_frames(frames: &[u8]) -> Self {
        Self::that(frames, |octet| octet.is_ascii_alphanumeric() || b"-_".contains(octet))
    }

    /// Those that are no part of a longer one: `ENOTFOUND` is, in `FileNotFoundError`.
    fn that(text: &[u8], is_of_word: fn(&u8) -> bool) -> Self {
        let known = &*KNOWN;
        // Most lines of a log have none.
        let mut found: Option<Vec<Option<usize>>> = None;
        for word in known.automaton.try_find_overlapping_iter(Input::new(text)).into_iter().flatten() {
            if stands_alone(text, word.start(), word.end(), is_of_word) {
                let found = found.get_or_insert_with(|| vec![None; known.automaton.patterns_len()]);
                found[word.pattern()].get_or_insert(word.start());
            }
        }
        if let Some(found) = &mut found {
            let [first, others @ ..] = &known.server_says;
            for other in others {
                found[*first] = found[*first].or(found[*other]);
            }
        }
        Self(found)
    }

    fn place(&self, word: PatternID) -> Option<usize> {
        self.0.as_ref()?[word]
    }

    /// The first saying that fits.
    pub(super) fn saying(&self, frames: &Self) -> Option<Found> {
        self.0.as_ref()?;
        KNOWN.sayings.iter().enumerate().find_map(|(rank, (saying, words))| {
            let (first, others) = words.split_first()?;
            let first = self.place(*first)?;
            let mut start = first;
            for word in others {
                match self.place(*word) {
                    Some(place) => start = start.min(place),
                    None => {
                        frames.place(*word)?;
                    }
                }
            }
            Some(Found { saying, rank, start })
        })
    }

    /// Whom the words name, in the order of [`MARKS`].
    pub(super) fn peers(&self) -> impl Iterator<Item = Peer> {
        self.all_of(&KNOWN.peers)
    }

    pub(super) fn speaker(&self) -> Option<Speaker> {
        self.all_of(&KNOWN.speakers).next()
    }

    fn all_of<T: Copy>(&self, marks: &[(T, Vec<PatternID>)]) -> impl Iterator<Item = T> {
        let marks = if self.0.is_some() { marks } else { &[] };
        let is_here =
            |(_, words): &&(T, Vec<PatternID>)| words.iter().any(|word| self.place(*word).is_some());
        marks.iter().filter(is_here).map(|(of, _)| *of)
    }
}

const SOURCES: [&[u8]; 9] = [b".go", b".c", b".cc", b".cpp", b".py", b".java", b".kt", b".js", b".ts"];

fn stands_alone(text: &[u8], start: usize, end: usize, is_of_word: fn(&u8) -> bool) -> bool {
    let is_part = |octet: Option<&u8>| octet.is_some_and(is_of_word);
    // What is escaped in JSON and in a program: \n
    let is_escaped = |end: usize| text[..end].ends_with(b"\\n") || text[..end].ends_with(b"\\t");
    let before = start.checked_sub(1).and_then(|before| text.get(before));
    let goes_on_before = is_part(before) && is_part(text.get(start)) && !is_escaped(start);
    let goes_on_after = is_part(text.get(end - 1)) && is_part(text.get(end));
    // ssl_transport_security.cc:1433 has the number of a line, no port.
    let is_line = text[start] == b':' && SOURCES.iter().any(|ending| text[..start].ends_with(ending));
    !goes_on_before && !goes_on_after && !is_line
}

/// All words that are known, to be found in one go, whatever their case; and whose they are, by their numbers.
struct Known {
    automaton: NFA,
    sayings: Vec<(&'static Saying, Vec<PatternID>)>,
    peers: Vec<(Peer, Vec<PatternID>)>,
    speakers: Vec<(Speaker, Vec<PatternID>)>,
    server_says: [PatternID; SERVER_SAYS.len()],
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut words: Vec<String> = Vec::new();
    let sayings = SAYINGS.iter().flat_map(|saying| saying.words);
    words.extend(sayings.chain(SPEAKERS.iter().flat_map(|(_, words)| *words)).map(|word| word.to_string()));
    words.extend(SERVER_SAYS.map(str::to_owned));
    words.extend(MARKS.iter().flat_map(|mark| mark.all_words()));
    words.sort_unstable();
    words.dedup();
    let number = |word: &str| {
        let index = words.binary_search_by(|other| other.as_str().cmp(word));
        PatternID::must(index.unwrap_or_else(|_| unreachable!("{word} is one of them")))
    };
    let numbers = |words: &[&str]| words.iter().map(|word| number(word)).collect::<Vec<_>>();
    let automaton = NFA::builder().ascii_case_insensitive(true).build(&words);
    Known {
        automaton: automaton.unwrap_or_else(|error| unreachable!("the words are few: {error}")),
        sayings: SAYINGS.iter().map(|saying| (saying, numbers(saying.words))).collect(),
        peers: MARKS
            .iter()
            .map(|mark| (mark.peer, mark.all_words().map(|word| number(&word)).collect()))
            .collect(),
        speakers: SPEAKERS.iter().map(|(speaker, words)| (*speaker, numbers(words))).collect(),
        server_says: SERVER_SAYS.map(number),
    }
});
