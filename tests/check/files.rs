//! Files that are missing, cannot be read, or that others can read.

use std::fs;
use std::os::unix::fs::symlink;

use crate::case::{Case, broken, made, remove};
use crate::common::folder::Folder;

pub(crate) fn cases() -> Vec<Case> {
    [missing(), unreadable(), empty(), readable_by_others(), interrupted(), writable_by_others()]
        .into_iter()
        .flatten()
        .collect()
}

fn missing() -> Vec<Case> {
    let without = |file: &'static str, code: &str| {
        broken(format!("a directory without {file}"), &[&format!("{code} {file}")], move |folder| {
            folder.remove(file);
        })
    };
    vec![
        without("server.key", "missing-file"),
        without("server.pem", "missing-file"),
        without("ca.pem", "missing-file"),
        without("client.key", "missing-file"),
        without("client.pem", "missing-file"),
        without("ca.key", "no-authority-key"),
        without("ca.srl", "serial-file-missing"),
        // This folder cannot issue, so it needs no serial number.
        broken("a directory without ca.key and ca.srl", &["no-authority-key ca.key"], |folder| {
            remove(folder, &["ca.key", "ca.srl"]);
        }),
        broken("a missing client key where one-way TLS is checked", &[], |folder| {
            folder.remove("client.key");
        })
        .checked_with("--tls-mode 1"),
        made("an empty directory", &["nothing-there ."], |_| {}),
    ]
}

fn unreadable() -> Vec<Case> {
    let replaced = |what: &str, file: &'static str, replace: fn(&Folder, &str)| {
        broken(format!("a {file} that is {what}"), &[&format!("unreadable-file {file}")], move |folder| {
            folder.remove(file);
            replace(folder, file);
        })
    };
    let a_folder = |folder: &Folder, file: &str| folder.create_folder(file);
    let dangling = |folder: &Folder, file: &str| symlink("..data/gone", folder.path(file)).unwrap();
    // A sparse file, which takes no room.
    let huge = |folder: &Folder, file: &str| {
        fs::File::create(folder.path(file)).unwrap().set_len(1 << 30).unwrap();
    };
    let mut cases = vec![
        replaced("a folder", "server.pem", a_folder),
        replaced("a folder", "server.key", a_folder),
        replaced("a folder", "ca.srl", a_folder),
        replaced("a link to nothing", "ca.pem", dangling),
        replaced("a link to nothing", "client.key", dangling),
        replaced("a gibibyte of zeros", "server.pem", huge),
    ];
    // The superuser may read everything.
    if !rustix::process::geteuid().is_root() {
        cases.push(broken("a server.key that nobody may read", &["unreadable-file server.key"], |folder| {
            folder.set_mode("server.key", 0o000);
        }));
    }
    cases
}

fn empty() -> Vec<Case> {
    let emptied = |file: &'static str| {
        broken(format!("an empty {file}"), &[&format!("empty-file {file}")], move |folder| {
            folder.write(file, "");
        })
    };
    vec![
        emptied("server.key"),
        emptied("server.pem"),
        emptied("ca.pem"),
        emptied("client.key"),
        emptied("client.pem"),
        emptied("ca.key"),
        broken("a server.pem of blank lines", &["empty-file server.pem"], |folder| {
            folder.write("server.pem", "\n \r\n\n");
        }),
    ]
}

fn readable_by_others() -> Vec<Case> {
    let with_mode = |file: &'static str, mode: u32, findings: &[&str]| {
        broken(format!("a {file} of mode {mode:04o}"), findings, move |folder| folder.set_mode(file, mode))
    };
    vec![
        with_mode("server.key", 0o644, &["key-readable-by-others server.key"]),
        with_mode("server.key", 0o604, &["key-readable-by-others server.key"]),
        with_mode("client.key", 0o644, &["key-readable-by-others client.key"]),
        with_mode("ca.key", 0o644, &["key-readable-by-others ca.key"]),
        // The group can be that of the user who runs Milvus.
        with_mode("server.key", 0o640, &[]),
        with_mode("server.key", 0o660, &[]),
        with_mode("ca.key", 0o640, &[]),
        with_mode("server.pem", 0o600, &[]),
        broken(
            "a key that others may read in server.pem",
            &["key-readable-by-others server.pem"],
            |folder| {
                folder.join(&["server.pem", "server.key"], "server.pem");
            },
        ),
        broken("a key that nobody else may read in server.pem", &[], |folder| {
            folder.join(&["server.pem", "server.key"], "server.pem");
            folder.set_mode("server.pem", 0o600);
        }),
    ]
}

fn writable_by_others() -> Vec<Case> {
    let open = |mode: u32| {
        broken(
            format!("a directory with mode {mode:04o}"),
            &["directory-writable-by-others ."],
            move |folder| {
                folder.set_mode(".", mode);
            },
        )
    };
    // A sticky folder keeps others from removing files, not from adding them.
    vec![open(0o777), open(0o1777)]
}

fn interrupted() -> Vec<Case> {
    let left = |name: &'static str| {
        broken(format!("a run that left {name} behind"), &["interrupted-run ."], move |folder| {
            folder.create_folder(name);
            folder.set_mode(name, 0o700);
            let files = [format!("{name}/server.key"), format!("{name}/server.pem")];
            folder.join(&["server.key"], &files[0]);
            folder.join(&["server.pem"], &files[1]);
        })
    };
    // Without a manifest its owner is unknown.
    let foreign = broken(
        "a folder that looks as if a run had left it",
        &["foreign-journal .milvus-certs-commit"],
        |folder| {
            folder.create_folder(".milvus-certs-commit");
            folder.join(&["server.key"], ".milvus-certs-commit/server.key");
        },
    );
    vec![left(".milvus-certs-staged"), foreign]
}
