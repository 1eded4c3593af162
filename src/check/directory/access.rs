//! Who could read the private keys, or change what is signed.

use std::path::Path;

use crate::check::codes::Code;
use crate::check::finding::Finding;
use crate::store::{FileRole, Survey, View};

/// Judges modes, owners and access control lists of a directory, its keys and the folders above it.
pub(crate) fn judge(view: &View, survey: &Survey, findings: &mut Vec<Finding>) {
    let directory = survey.path.display().to_string();
    let finding = |code, path: &Path, evidence: String| {
        Finding::in_directory(code, path.display().to_string(), evidence, &directory)
    };
    if is_without_modes(view, survey) {
        // What `chmod` cannot help is one finding.
        findings.retain(|finding| finding.code != Code::KeyReadable);
        let evidence = "every file and folder in it has the same mode".to_owned();
        findings.push(finding(Code::NoFileModes, &survey.path, evidence));
    } else {
        let writers = view.writers().unwrap_or_default().into_iter();
        let writers = writers.map(|writer| (Code::DirectoryWritable, writer));
        let above = view.writer_above().ok().flatten().map(|writer| (Code::ParentWritable, writer));
        findings.extend(
            writers
                .chain(above)
                .map(|(code, (path, writer))| finding(code, &path, format!("{writer} could change it"))),
        );
    }
    for (role, _) in survey.files.iter().filter(|(role, _)| role.is_key()) {
        let path = survey.path_of(*role);
        // A key that cannot be looked at is a finding already.
        let Ok(access) = view.access(&survey.name_of(*role)) else { continue };
        let code = match role {
            FileRole::CaKey => {
                (!access.is_of_directory && access.owner != 0).then_some(Code::CaKeyOfAnotherUser)
            }
            _ => (!access.is_trusted).then_some(Code::KeyOfAnotherUser),
        };
        findings.extend(code.map(|code| finding(code, &path, format!("belongs to uid {}", access.owner))));
        if !access.named.is_empty() {
            let named: Vec<_> = access.named.iter().map(ToString::to_string).collect();
            let evidence = format!("its access control list lets {} read or change it", named.join(", "));
            findings.push(finding(Code::KeyReadableByList, &path, evidence));
        }
    }
}

/// Whether all that is there has one mode, by which others can read it, on a file system that may keep none.
fn is_without_modes(view: &View, survey: &Survey) -> bool {
    let modes: Vec<_> = survey.files.iter().filter_map(|(_, file)| file.mode).collect();
    let is_one = modes.windows(2).all(|pair| pair[0] == pair[1]);
    view.may_lack_modes() && modes.len() > 1 && is_one && modes[0].is_open_to_others()
}
