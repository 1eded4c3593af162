//! The commands of the README and of `tests/transcripts` print what is shown there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::common::folder::Folder;

/// trycmd runs each transcript in a scratch copy of its `.in` folder if there is an `.out` folder,
/// so the transcripts are copied to where both can be made.
fn run(sources: &[&Path]) {
    let folder = tempfile::tempdir().unwrap();
    for source in sources {
        let case = folder.path().join(source.file_stem().unwrap()).with_extension("trycmd");
        fs::write(&case, final_newlines(&any_date(&fs::read_to_string(source).unwrap()))).unwrap();
        for scratch in ["in", "out"] {
            fs::create_dir(case.with_extension(scratch)).unwrap();
        }
        for (name, content) in files(&fs::read_to_string(source).unwrap()) {
            fs::write(case.with_extension("in").join(name), content).unwrap();
        }
    }
    let cases = trycmd::TestCases::new();
    cases.register_bin("rm", Path::new("/bin/rm"));
    cases.case(folder.path().join("*.trycmd").to_str().unwrap()).run();
}

/// The files that a transcript shows, each in a block that begins with its language and its name.
fn files(text: &str) -> Vec<(String, String)> {
    let blocks = text.split("\n```").filter_map(|block| block.split_once('\n'));
    let named = blocks.filter_map(|(line, content)| Some((line.strip_prefix("yaml ")?, content)));
    named.map(|(name, content)| (name.to_owned(), format!("{content}\n"))).collect()
}

/// The dates are those of the day on which somebody typed the commands: any other date is right.
fn any_date(text: &str) -> String {
    let is_date = |word: &[char]| {
        word.iter().enumerate().all(|(index, letter)| match index {
            4 | 7 => *letter == '-',
            _ => letter.is_ascii_digit(),
        })
    };
    let letters: Vec<_> = text.chars().collect();
    let (mut result, mut rest) = (String::new(), letters.as_slice());
    while let Some((first, after)) = rest.split_first() {
        if rest.len() >= 10 && is_date(&rest[..10]) {
            result.push_str("[..]");
            rest = &rest[10..];
        } else {
            result.push(*first);
            rest = after;
        }
    }
    result
}

/// trycmd takes the newline before a closing fence for the fence's own, and would miss the output's.
fn final_newlines(text: &str) -> String {
    let mut result = String::new();
    let mut previous = "";
    for line in text.lines() {
        let ends_output = line == "```" && !previous.starts_with("$ ") && !previous.is_empty();
        result.push_str(if ends_output { "\n" } else { "" });
        result.push_str(line);
        result.push('\n');
        previous = line;
    }
    result
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    run(&[Path::new("README.md")]);
}

#[test]
fn the_readme_has_the_table_of_the_files() {
    let readme = fs::read_to_string("README.md").unwrap();
    let report = Folder::new().json("gen --key-type p256");
    let files = report["files"].as_array().unwrap();
    assert_eq!(files.len(), 7, "{report}");
    for file in files {
        let cells = ["path", "mode", "purpose", "for_whom"].map(|field| file[field].as_str().unwrap());
        let row = format!("| `{}` | {} | {} | {} |\n", cells[0], cells[1], cells[2], cells[3]);
        assert!(readme.contains(&row), "README.md lacks {row}");
    }
}

/// What stands between fences: commands, what they print, and code.
fn blocks(text: &str) -> Vec<&str> {
    text.split("```").skip(1).step_by(2).collect()
}

#[test]
fn the_chinese_readme_has_the_commands_of_the_english_one() {
    let [english, chinese] = ["README.md", "README.zh-CN.md"].map(|path| fs::read_to_string(path).unwrap());
    assert_eq!(blocks(&chinese), blocks(&english));
    let sections = |text: &str| text.lines().filter(|line| line.starts_with('#')).count();
    assert_eq!(sections(&chinese), sections(&english));
    let words = |text: &str| -> BTreeSet<String> {
        text.split('`').skip(1).step_by(2).filter(|word| !word.contains(' ')).map(str::to_owned).collect()
    };
    assert_eq!(words(&chinese), words(&english));
}

#[test]
fn the_transcripts_show_what_the_program_prints() {
    let entries = fs::read_dir("tests/transcripts").unwrap();
    let sources: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    assert!(sources.len() >= 4, "the transcripts are not where this test looks for them");
    run(&sources.iter().map(|path| path.as_path()).collect::<Vec<_>>());
}
