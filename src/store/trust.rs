//! Who could change a folder: what lies in it is believed only where that is nobody else.

use std::fmt;
use std::io;
use std::os::fd::AsFd;

use crate::store::file_system::read_text;
use crate::store::fs::{self, Entry};
use crate::store::layout::FileRole;
use crate::store::mode::{FileState, Named, Owner, WRITE};

/// The superuser, who can change everything everywhere.
const ROOT: u32 = 0;

/// Somebody who could change a folder, and is not one of those who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    Owner(u32),
    /// Its group, which has other members than those who may.
    Group(u32),
    Everybody,
    /// Whom its access control list names.
    Named(Named),
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner(id) => write!(f, "its owner (uid {id})"),
            Self::Group(id) => write!(f, "its group (gid {id})"),
            Self::Everybody => f.write_str("everybody"),
            Self::Named(named) => write!(f, "{named} (by its access control list)"),
        }
    }
}

/// The users who may change a certificate directory: root, who runs the program, and whose ca.key it is
/// (as OpenSSH's StrictModes holds it with the files of a user).
#[derive(Clone, Debug)]
pub(super) struct Trusted(Vec<u32>);

impl Trusted {
    /// Root and who runs this.
    pub(super) fn runner() -> Self {
        Self(vec![ROOT, rustix::process::geteuid().as_raw()])
    }

    /// Those who may change a certificate directory.
    pub(super) fn of(directory: impl AsFd) -> io::Result<Self> {
        let mut trusted = Self::runner();
        if let Entry::File { owner } = fs::entry(directory, FileRole::CaKey.file_name())? {
            trusted.0.push(owner);
        }
        Ok(trusted)
    }

    pub(super) fn has(&self, user: u32) -> bool {
        self.0.contains(&user)
    }

    /// Who could change a folder and is not among these, if anybody.
    pub(super) fn other_writer(&self, opened: impl AsFd) -> io::Result<Option<Writer>> {
        let state = fs::state_of(opened)?;
        Ok(self.writer(&state, |group, owner| self.has_only_these(group, owner)))
    }

    /// The same of a folder in a folder, if there is one.
    pub(super) fn other_writer_in(&self, directory: impl AsFd, name: &str) -> io::Result<Option<Writer>> {
        let folder = match fs::entry(&directory, name)? {
            Entry::Folder => fs::open_subdirectory(directory, name)?,
            _ => None,
        };
        folder.map_or(Ok(None), |folder| self.other_writer(folder))
    }

    fn writer(&self, state: &FileState, is_private: impl Fn(u32, u32) -> bool) -> Option<Writer> {
        let FileState { mode, owner: Owner { user, group }, acl } = state;
        let named = acl.as_ref().map(|acl| acl.named_with(WRITE)).unwrap_or_default();
        let named = named.into_iter().find(|named| match named {
            Named::User(id) => !self.has(*id),
            Named::Group(id) => !is_private(*id, *user),
        });
        if !self.has(*user) {
            Some(Writer::Owner(*user))
        } else if mode.allows(0o002) {
            Some(Writer::Everybody)
        } else if mode.allows(0o020) && !is_private(*group, *user) {
            Some(Writer::Group(*group))
        } else {
            named.map(Writer::Named)
        }
    }

    /// Whether a group has no other members than these and the owner of the folder: Debian and Ubuntu make
    /// such a group for every user. A group that this machine's files do not list has unknown members.
    fn has_only_these(&self, group: u32, owner: u32) -> bool {
        let read = |path| read_text(path).unwrap_or_default();
        match members(group, &read("/etc/group"), &read("/etc/passwd")) {
            Some(members) => members.into_iter().all(|member| member == owner || self.has(member)),
            None => false,
        }
    }
}

/// The users of a group by group(5) and passwd(5); nothing where the group, or a user whom it names, is in
/// neither.
fn members(group: u32, groups: &str, users: &str) -> Option<Vec<u32>> {
    fn fields(text: &str) -> Vec<Vec<&str>> {
        text.lines().map(|line| line.split(':').collect()).collect()
    }
    let number = |field: Option<&&str>| field.and_then(|field| field.parse::<u32>().ok());
    let (users, groups) = (fields(users), fields(groups));
    let entry = groups.iter().find(|entry| number(entry.get(2)) == Some(group))?;
    let primary = users.iter().filter(|user| number(user.get(3)) == Some(group));
    let mut members: Vec<_> = primary.filter_map(|user| number(user.get(2))).collect();
    for name in entry.get(3)?.split(',').filter(|name| !name.is_empty()) {
        let user = users.iter().find(|user| user.first() == Some(&name))?;
        members.push(number(user.get(2))?);
    }
    Some(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "root:x:0:0:root:/root:/bin/sh\nana:x:1000:1000::/home/ana:/bin/sh\n\
                         ben:x:1001:1001::/home/ben:/bin/sh\nbot:x:1002:1000::/:/bin/false\n";

    #[test]
    fn a_group_has_whom_it_names_and_whose_first_group_it_is() {
        let groups = "root:x:0:\nana:x:1000:\nben:x:1001:\nteam:x:2000:ana,ben\nlost:x:2001:nobody-here\n";
        let of = |group| members(group, groups, USERS);
        assert_eq!(of(1001), Some(vec![1001]));
        assert_eq!(of(1000), Some(vec![1000, 1002]));
        assert_eq!(of(2000), Some(vec![1000, 1001]));
        assert_eq!(of(2001), None, "a member that nobody knows");
        assert_eq!(of(3000), None, "a group that nobody knows");
        assert_eq!(members(0, "", ""), None);
    }

    #[test]
    fn a_folder_can_be_changed_by_its_owner_by_a_shared_group_and_by_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let mut stat = rustix::fs::stat(folder.path()).unwrap();
        let trusted = Trusted(vec![ROOT, 1000]);
        let is_private = |group: u32, owner: u32| group == owner;
        let mut writer = |uid, gid, mode: u32| {
            (stat.st_uid, stat.st_gid, stat.st_mode) = (uid, gid, 0o040_000 | mode);
            trusted.writer(&FileState::of(&stat, None), is_private)
        };
        assert_eq!(writer(1000, 1000, 0o755), None);
        assert_eq!(writer(1000, 1000, 0o775), None, "the group of its owner alone");
        assert_eq!(writer(1000, 100, 0o775), Some(Writer::Group(100)));
        assert_eq!(writer(1000, 100, 0o1777), Some(Writer::Everybody));
        assert_eq!(writer(1001, 1001, 0o700), Some(Writer::Owner(1001)));
        assert_eq!(writer(0, 0, 0o755), None);
    }
}
