//! Who may do what with a file: its owner, its mode, its access control list.

use std::fmt;
use std::str::FromStr;

use rustix::fs::{Mode, RawMode, Stat};

/// What an entry of an access control list permits.
pub(super) const READ: u16 = 4;
pub(super) const WRITE: u16 = 2;

/// Whether files have to be protected by their modes and owners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protection {
    #[default]
    Required,
    /// The person accepts a file system that keeps no modes, such as WSL's drvfs, CIFS and vfat: everybody on
    /// this machine can read the private keys. Where modes are kept, nothing is given up.
    GivenUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(super) user: u32,
    pub(super) group: u32,
}

/// Who may do what with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileState {
    pub(crate) mode: FileMode,
    pub(crate) owner: Owner,
    pub(crate) acl: Option<Acl>,
}

impl fmt::Display for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "has mode {} and belongs to uid {}", self.mode, self.owner.user)
    }
}

impl Owner {
    /// This user, with the group of whoever runs this.
    pub(crate) fn of_user(user: u32) -> Self {
        Self { user, group: rustix::process::getegid().as_raw() }
    }

    /// Whether it is whoever runs this.
    pub(crate) fn is_runner(self) -> bool {
        self.user == rustix::process::geteuid().as_raw()
    }

    /// Whether whoever runs this may give a file to others.
    pub(crate) fn may_be_any() -> bool {
        rustix::process::geteuid().is_root()
    }
}

impl FileState {
    /// The same as far as can be told: the user may be in the file's group, or have another number here.
    pub(crate) fn may_let_read(&self, user: u32) -> bool {
        /// Where `/etc/subuid` begins to number the users of containers.
        const FIRST_SUBORDINATE: u32 = 65536;
        self.lets_read(user)
            || self.mode.allows(0o040)
            || self.acl.is_some()
            || self.owner.user >= FIRST_SUBORDINATE
    }

    /// Whether this reader may read it, and the one before no longer.
    pub(crate) fn is_for(&self, Reader { user, instead_of }: Reader) -> bool {
        self.lets_read(user) && instead_of.is_none_or(|before| !self.lets_read(before))
    }

    /// Whether a user who is in no group of the file's may read it.
    pub(crate) fn lets_read(&self, user: u32) -> bool {
        let named = self.acl.iter().flat_map(|acl| acl.named_with(READ));
        user == 0
            || self.owner.user == user && self.mode.allows(0o400)
            || self.mode.allows(0o004)
            || named.into_iter().any(|named| named == Named::User(user))
    }

    /// Where there is an access control list, the mode shows its mask in the place of the group's permission.
    pub(super) fn of(stat: &Stat, acl: Option<Acl>) -> Self {
        let mode = stat.st_mode as u16 & 0o7777;
        let mode = acl.as_ref().map_or(mode, |acl| mode & !0o070 | acl.group_permission() << 3);
        Self { mode: FileMode(mode), owner: Owner { user: stat.st_uid, group: stat.st_gid }, acl }
    }
}

/// The permissions of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FileMode(u16);

impl FileMode {
    /// Private keys: the owner alone.
    pub const PRIVATE: Self = Self(0o600);
    /// Certificates and `ca.srl`.
    pub const PUBLIC: Self = Self(0o644);

    /// What a private key may have at most: owner and group read and write.
    const KEY_MASK: u16 = 0o660;

    pub(super) fn raw(self) -> Mode {
        Mode::from_raw_mode(RawMode::from(self.0))
    }

    /// Whether it allows something that another mode does not.
    pub(super) fn exceeds(self, other: Self) -> bool {
        self.0 & !other.0 & 0o777 != 0
    }

    /// This mode without what it allows to a group, if it is a key's.
    pub(super) fn for_owner_alone(self) -> Self {
        self.for_key().map_or(self, |mode| Self(mode.0 & 0o600))
    }

    /// Whether it allows any of these.
    pub(super) fn allows(self, bits: u16) -> bool {
        self.0 & bits != 0
    }

    /// Whether everybody can read or change the file.
    #[must_use]
    pub fn is_open_to_others(self) -> bool {
        self.allows(0o006)
    }

    /// The same mode, if it may be a private key's: readable by its owner and closed to others.
    #[must_use]
    pub fn for_key(self) -> Option<Self> {
        (self.0 & !Self::KEY_MASK == 0 && self.0 & 0o400 != 0).then_some(self)
    }
}

impl FromStr for FileMode {
    type Err = ModeInvalid;

    /// Reads an octal mode that a private key may have.
    fn from_str(value: &str) -> Result<Self, ModeInvalid> {
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        let mode = u16::from_str_radix(value, 8).ok().filter(|_| digits);
        mode.and_then(|mode| Self(mode).for_key()).ok_or_else(|| ModeInvalid { mode: value.to_owned() })
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl fmt::Debug for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileMode({self})")
    }
}

/// A mode that a private key must not have.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{mode:?} is not a mode for a private key: one of 0400, 0440, 0600, 0640, 0660")]
pub struct ModeInvalid {
    mode: String,
}

/// The POSIX access control list of a file or folder, where it has more than its mode. Linux keeps it in an extended
/// attribute: a version, then entries of tag, permission and id, all little-endian (linux/posix_acl_xattr.h).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acl(pub(super) Vec<u8>);

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
    const USER_OBJ: u16 = 0x01;
    const USER: u16 = 0x02;
    const GROUP_OBJ: u16 = 0x04;
    const GROUP: u16 = 0x08;
    const MASK: u16 = 0x10;
    const OTHER: u16 = 0x20;

    /// As the extended attribute has it.
    fn octets(&self) -> [u8; 8] {
        let ([tag, tag_end], [permission, permission_end]) =
            (self.tag.to_le_bytes(), self.permission.to_le_bytes());
        let [a, b, c, d] = self.id.to_le_bytes();
        [tag, tag_end, permission, permission_end, a, b, c, d]
    }
}

/// A user who is to be able to read a file, beside its owner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader {
    pub user: u32,
    /// Who could before, and is not to any longer.
    pub instead_of: Option<u32>,
}

impl Acl {
    /// `POSIX_ACL_XATTR_VERSION`
    const VERSION: u32 = 2;

    /// What a list says, or without one a mode, and that one user more may read, in the place of another.
    pub(super) fn with_reader(list: Option<&Self>, mode: FileMode, reader: Reader) -> Self {
        let Reader { user, instead_of } = reader;
        let of = |tag, permission, id| Entry { tag, permission, id };
        let nobody = u32::MAX;
        let mut entries: Vec<_> = match list {
            Some(list) => list.entries().collect(),
            None => vec![
                of(Entry::USER_OBJ, mode.0 >> 6 & 7, nobody),
                of(Entry::GROUP_OBJ, mode.0 >> 3 & 7, nobody),
                of(Entry::MASK, mode.0 >> 3 & 7, nobody),
                of(Entry::OTHER, mode.0 & 7, nobody),
            ],
        };
        entries.retain(|entry| entry.tag != Entry::USER || entry.id != user && Some(entry.id) != instead_of);
        entries.push(of(Entry::USER, READ, user));
        // As the kernel keeps them.
        entries.sort_by_key(|entry| (entry.tag, entry.id));
        entries.iter_mut().filter(|entry| entry.tag == Entry::MASK).for_each(|mask| mask.permission |= READ);
        let octets = entries.iter().flat_map(Entry::octets);
        Self(Self::VERSION.to_le_bytes().into_iter().chain(octets).collect())
    }

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
    fn one_user_more_may_read_and_others_what_they_might() {
        let reader = Reader { user: 999, instead_of: None };
        let alone = Acl::with_reader(None, FileMode::PRIVATE, reader);
        assert_eq!((alone.named_with(READ), alone.group_permission()), (vec![Named::User(999)], 0));
        let both = Acl::with_reader(Some(&acl(4)), FileMode::PRIVATE, reader);
        assert_eq!(both.named_with(READ), [Named::User(999), Named::User(1000)]);
        assert_eq!(both.named_with(WRITE), []);
        assert_eq!(Acl::with_reader(Some(&both), FileMode::PRIVATE, reader), both);
        let other = Reader { user: 999, instead_of: Some(1000) };
        assert_eq!(Acl::with_reader(Some(&both), FileMode::PRIVATE, other), alone);
    }

    #[test]
    fn a_damaged_list_names_nobody() {
        for length in 0..20 {
            assert_eq!(Acl(vec![0xff; length]).named_with(READ | WRITE), []);
        }
    }
}
