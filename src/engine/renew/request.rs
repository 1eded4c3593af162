use std::path::PathBuf;
use std::time::Duration;

use crate::base::note::Note;
use crate::engine::leaf::Asked;
use crate::engine::present::Present;
use crate::store::{FileMode, IssuedName, Protection};
use crate::x509::{Attribute, AttributeType, Days, EndEntityKind, GeneralName, KeyType, Passphrase};

/// What `renew` is to do. Whatever is not set is taken over from the certificate that is renewed.
#[derive(Debug)]
pub struct RenewRequest {
    /// The certificate directory.
    pub directory: PathBuf,
    /// Server, client, or both.
    pub kinds: Vec<EndEntityKind>,
    /// What was issued beside them.
    pub issued: Issued,
    /// Attributes of the subject that are to be different. A CommonName also replaces the names, and
    /// is the client's too, unless that has a name of its own.
    pub subject: Vec<Attribute>,
    /// More names for the server, and for what is named of the inventory.
    pub names: Vec<GeneralName>,
    /// Another CommonName for the client.
    pub client_name: Option<Attribute>,
    /// Another length of validity.
    pub days: Option<Days>,
    /// Another type of key.
    pub key_type: Option<KeyType>,
    /// Another mode for the keys' files.
    pub key_mode: Option<FileMode>,
    /// Opens ca.key if it is encrypted.
    pub passphrase: Option<Passphrase>,
    /// Renew only what ends within this time.
    pub if_due: Option<Duration>,
    /// What is reissued as it lies there, whoever signed it.
    pub adopted: Adopted,
    /// Keep the private keys.
    pub reuse_key: bool,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Whether the directory has to keep modes.
    pub protection: Protection,
    /// Is told, before anything is written, what a person should do first; such a note is not in the report.
    pub before_writing: Option<fn(&Note)>,
}

/// Certificates that a person has looked at: all that they say is meant.
#[derive(Clone, Debug, Default)]
pub struct Adopted {
    /// server.pem, client.pem.
    pub kinds: Vec<EndEntityKind>,
    /// What lies in `issued` under these names.
    pub names: Vec<IssuedName>,
}

/// What is to be renewed of the inventory.
#[derive(Debug)]
pub enum Issued {
    /// Nothing.
    None,
    /// Everything that is still there.
    All,
    /// What was issued under these names.
    Named(Vec<IssuedName>),
}

impl RenewRequest {
    /// Renews both server and client with all that they say now.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            kinds: EndEntityKind::ALL.to_vec(),
            issued: Issued::None,
            subject: Vec::new(),
            names: Vec::new(),
            client_name: None,
            days: None,
            key_type: None,
            key_mode: None,
            passphrase: None,
            if_due: None,
            adopted: Adopted::default(),
            reuse_key: false,
            dry_run: false,
            protection: Protection::Required,
            before_writing: None,
        }
    }

    /// What is asked of server.pem or client.pem.
    pub(crate) fn asked_of_own(&self, own: &[Present; 2], kind: EndEntityKind) -> Asked {
        let is_name = |attribute: &&Attribute| attribute.kind() == AttributeType::CommonName;
        let [server, client] = own.each_ref().map(Present::common_name);
        // The server's name is also that of a client that had the same.
        let server_name = self.subject.iter().find(is_name);
        let common_name = match kind {
            EndEntityKind::Server => server_name,
            EndEntityKind::Client => {
                let shared = server_name.filter(|_| client.is_none() || client == server);
                self.client_name.as_ref().or(shared)
            }
        };
        Asked {
            attributes: self.subject.iter().filter(|attribute| !is_name(attribute)).cloned().collect(),
            common_name: common_name.cloned(),
            names: if kind == EndEntityKind::Server { self.names.clone() } else { Vec::new() },
            names_alone: false,
            days: self.days,
            key_type: self.key_type,
        }
    }

    /// What is asked of something that was issued. Who names it can give it more names.
    pub(crate) fn asked_of_issued(&self) -> Asked {
        let names = match self.issued {
            Issued::Named(_) => self.names.clone(),
            Issued::None | Issued::All => Vec::new(),
        };
        Asked { names, days: self.days, key_type: self.key_type, ..Asked::default() }
    }
}
