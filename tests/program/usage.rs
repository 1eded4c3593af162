//! What a newcomer types, and the next step that the program names.

use crate::common::folder::Folder;

/// Each command line is wrong, and its next step is said.
fn assert_next_step(folder: &Folder, lines: &[(&str, i32, &str)]) {
    for (arguments, status, expected) in lines {
        let outcome = folder.run(arguments).ends_with(*status);
        assert!(outcome.stderr.contains(expected), "{arguments}\n{outcome}");
    }
}

#[test]
fn a_command_that_is_nearly_one_or_is_called_otherwise_elsewhere() {
    let folder = Folder::new();
    assert_next_step(
        &folder,
        &[
            ("gne", 2, "a similar subcommand exists: 'gen'"),
            ("chek", 2, "a similar subcommand exists: 'check'"),
            ("create", 2, "a similar subcommand exists: 'gen'"),
            ("verify", 2, "a similar subcommand exists: 'check'"),
            ("rotate", 2, "a similar subcommand exists: 'rotate-ca'"),
        ],
    );
    for strange in ["xyzzy", "help nosuch"] {
        let outcome = folder.run(strange).ends_with(2);
        assert!(!outcome.stderr.contains("similar"), "{outcome}");
    }
}

#[test]
fn a_word_that_is_not_where_it_belongs() {
    let folder = Folder::with_directory("certs");
    assert_next_step(
        &folder,
        &[
            ("issue clients search -d certs", 2, "a similar value exists: 'client'"),
            ("renew sever -d certs", 1, "`milvus-certs renew server -d certs` renews server.pem"),
            ("renew client.pem -d certs", 1, "`milvus-certs renew client -d certs` renews client.pem"),
            ("renew search -d certs", 1, "`milvus-certs issue client search -d certs` issues it"),
            ("renew --force -d certs", 2, "`renew` replaces certificates without it"),
            ("connect curl python -d certs", 2, "one at a time: run it again with python"),
            ("connect python certs", 2, "a folder is named with -d: `-d certs`"),
            ("check certs", 2, "`milvus-certs check -d certs`"),
            ("config compose -d certs --out /dev/null", 1, "/dev/null: is not a folder"),
            ("renew server --san *.localhost -d certs", 2, "before two labels or more"),
        ],
    );
    let outcome = folder.run("renew --force -d certs");
    assert!(!outcome.stderr.contains("--for'"), "{outcome}");
}

#[test]
fn a_folder_that_has_a_ca_is_renewed_and_a_leftover_is_not() {
    let folder = Folder::with_directory("certs");
    folder.refusal("gen -d certs").hints("`milvus-certs renew -d certs` makes new certificates");
    folder.remove("certs/ca.key");
    folder.refusal("gen -d certs").hints("name another folder with -d, or move away");
}
