//! POSIX access control lists, as Linux keeps them in an extended attribute: a version, then entries of
//! tag, permission and id, all little-endian (linux/posix_acl_xattr.h).

use std::fmt;

pub(super) const READ: u16 = 4;
pub(super) const WRITE: u16 = 2;

/// The access control list of a file or folder, where it has more than its mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Acl(pub(super) Vec<u8>);

/// A user or a group that an access control list names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    User(u32),
    Group(u32),
}

struct Entry {
    tag: u16,
    permission: u16,
    id: u32,
}

impl Entry {
    const USER: u16 = 0x02;
    const GROUP_OBJ: u16 = 0x04;
    const GROUP: u16 = 0x08;
    const MASK: u16 = 0x10;
}

impl Acl {
    fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        let (entries, _) = self.0.get(4..).unwrap_or_default().as_chunks();
        entries.iter().map(|&[tag, tag_end, permission, permission_end, id @ ..]: &[u8; 8]| Entry {
            tag: u16::from_le_bytes([tag, tag_end]),
            permission: u16::from_le_bytes([permission, permission_end]),
            id: u32::from_le_bytes(id),
        })
    }

    fn mask(&self) -> u16 {
        self.entries().find(|entry| entry.tag == Entry::MASK).map_or(u16::MAX, |entry| entry.permission)
    }

    /// What the group of the file may do. The mode of the file shows the mask in its place.
    pub(super) fn group_permission(&self) -> u16 {
        let own = self.entries().find(|entry| entry.tag == Entry::GROUP_OBJ);
        own.map_or(0, |entry| entry.permission) & self.mask()
    }

    /// The users and groups that it names and gives this permission.
    pub(super) fn named_with(&self, permission: u16) -> Vec<Named> {
        let mask = self.mask();
        let granted = self.entries().filter(|entry| entry.permission & mask & permission != 0);
        let named = granted.filter_map(|entry| match entry.tag {
            Entry::USER => Some(Named::User(entry.id)),
            Entry::GROUP => Some(Named::Group(entry.id)),
            _ => None,
        });
        named.collect()
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "uid {id}"),
            Self::Group(id) => write!(f, "gid {id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `user::rw- user:1000:r-- group::--- mask::r-- other::---`, as `setfacl` writes it.
    fn acl(mask: u8) -> Acl {
        let entry = |tag: u8, permission: u8, id: u32| {
            let mut entry = vec![tag, 0, permission, 0];
            entry.extend(id.to_le_bytes());
            entry
        };
        let none = u32::MAX;
        let entries = [
            entry(1, 6, none),
            entry(2, 4, 1000),
            entry(4, 0, none),
            entry(16, mask, none),
            entry(32, 0, none),
        ];
        Acl([vec![2, 0, 0, 0], entries.concat()].concat())
    }

    #[test]
    fn the_mask_is_not_the_permission_of_the_group() {
        assert_eq!(acl(4).group_permission(), 0);
        assert_eq!(acl(4).named_with(READ), [Named::User(1000)]);
        assert_eq!(acl(4).named_with(WRITE), []);
        assert_eq!(acl(0).named_with(READ), []);
    }

    #[test]
    fn a_damaged_list_names_nobody() {
        for length in 0..20 {
            assert_eq!(Acl(vec![0xff; length]).named_with(READ | WRITE), []);
        }
    }
}
