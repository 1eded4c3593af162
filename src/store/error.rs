//! What the errors of this folder have in common. Each is made where it happens, with its words and its hint.

use std::fmt;
use std::io;
use std::path::Path;

use crate::base::error::{Error, ErrorKind};
use crate::base::text::shell_quoted;

/// An error about a file or folder, which is named first.
pub(super) fn about(path: &Path, what: impl fmt::Display) -> Error {
    Error::new(format!("{}: {what}", path.display())).of_kind(ErrorKind::FileSystem)
}

/// That the file system refused to do something with a file or folder.
pub(super) fn failed<'a>(path: &'a Path, what: &'a str) -> impl Fn(io::Error) -> Error + 'a {
    move |source| about(path, format_args!("{what}: {source}")).with_hint(advice(&source)).with_cause(source)
}

/// That a file cannot be read.
pub(crate) fn unreadable(path: &Path) -> impl Fn(io::Error) -> Error {
    failed(path, "cannot be read")
}

/// That a file cannot be written; it is as it was.
pub(super) fn unwritable(path: &Path) -> impl Fn(io::Error) -> Error {
    failed(path, "cannot be written")
}

/// That a folder cannot be searched.
pub(super) fn unsearchable(path: &Path) -> impl Fn(io::Error) -> Error {
    failed(path, "cannot search the folder")
}

pub(super) fn no_folder(path: &Path) -> Error {
    let hint = format!("`milvus-certs gen -d {}` makes it", quoted(path));
    about(path, "no such folder").of_kind(ErrorKind::NoFolder).with_hint(hint)
}

pub(super) fn not_a_folder(path: &Path) -> Error {
    about(path, "is not a folder").with_hint("name a folder with -d".to_owned())
}

pub(super) fn not_a_file(path: &Path) -> Error {
    about(path, "is not a regular file")
        .of_kind(ErrorKind::NotAFile)
        .with_hint("move it away, or name another one".to_owned())
}

pub(super) fn too_large(path: &Path, limit: u64) -> Error {
    about(path, format_args!("is larger than {limit} bytes, the most that is read"))
        .of_kind(ErrorKind::NotAFile)
        .with_hint("check that the right file was named".to_owned())
}

pub(super) fn symbolic_link(path: &Path) -> Error {
    about(path, "is a symbolic link, and nothing is written out of the folder")
        .with_hint("run this on the folder that the link leads to, or put the file itself here".to_owned())
}

/// That an interrupted run could be neither completed nor rolled back.
pub(super) fn unfinished(path: &Path, source: io::Error) -> Error {
    about(path, format_args!("an interrupted run cannot be completed: {source}"))
        .of_kind(ErrorKind::Unfinished)
        .with_hint(
            "correct the cause and run any command on this folder again; the files are in its hidden folder .milvus-certs-commit"
                .to_owned(),
        )
        .with_cause(source)
}

pub(super) fn quoted(path: &Path) -> String {
    shell_quoted(&path.display().to_string())
}

fn advice(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "run this as the owner of the folder and its files",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space, then run this again",
        io::ErrorKind::ReadOnlyFilesystem => "choose a folder that can be written, with -d",
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::IsADirectory => "name a file in it",
        io::ErrorKind::NotADirectory => "a part of the path is a file; name another folder with -d",
        io::ErrorKind::ResourceBusy | io::ErrorKind::CrossesDevices => {
            "something in it is a mount of its own (docker -v FILE:FILE): mount the whole folder instead"
        }
        _ => "correct the cause, then run this again",
    }
    .into()
}
