use std::fmt;
use std::str::FromStr;

use rustix::fs::{Mode, RawMode, Stat};

use crate::store::acl::Acl;

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

    /// What a file allows. Where it has an access control list, its mode shows the mask of that list in the
    /// place of the group's permission.
    pub(super) fn of(stat: &Stat, acl: Option<&Acl>) -> Self {
        let mode = stat.st_mode as u16 & 0o7777;
        match acl {
            Some(acl) => Self(mode & !0o070 | acl.group_permission() << 3),
            None => Self(mode),
        }
    }

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
