//! A certificate directory, what was ever seen in it, and what must hold of it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use time::{Duration, OffsetDateTime};

use crate::base::error::{Error, ErrorKind};
use crate::crash_tests::run::{Accident, Outcome, Run};
use crate::crash_tests::{NOW, snapshot};
use crate::engine::CertificateRole;
use crate::engine::{Action, Report, RotationState, rotation_status};
use crate::x509::{
    Certificate, EndEntityKind, SerialCounter, certificates_from_pem, key_from_pem, verify_chain,
};

const INVENTORY: &str = "issued/index.jsonl";
/// What an interrupted run leaves.
const JOURNALS: [&str; 2] = [".milvus-certs-staged", ".milvus-certs-commit"];

/// A directory whose files are as they were before the first run, and what was ever seen in it.
pub(crate) struct World {
    _folder: tempfile::TempDir,
    pub(crate) directory: PathBuf,
    now: OffsetDateTime,
    /// To which certificate an issuer gave a serial number.
    serials: BTreeMap<(String, String), String>,
    /// The certificates that were in their places when no run was interrupted, by their files.
    in_place: BTreeMap<String, Certificate>,
    ca_keys: BTreeSet<Vec<u8>>,
    known: Rc<RefCell<Known>>,
}

/// What was read before, in whichever copy of a world: most of it is there again after the next step.
#[derive(Default)]
struct Known {
    /// Issuer, serial number and fingerprint of what a file holds.
    certificates: HashMap<Vec<u8>, Vec<[String; 3]>>,
    /// What was found in order: a certificate's file, its key's, and what trusts it.
    verified: HashSet<[Vec<u8>; 3]>,
}

/// A server or client as its files say.
struct Member {
    file: String,
    chain: Vec<Certificate>,
    key: Option<Vec<u8>>,
    /// Its ca.pem.
    ca: String,
}

impl World {
    /// After these runs, without any accident.
    pub(crate) fn after(runs: &[Run]) -> Self {
        let folder = scratch();
        let directory = folder.path().join("certs");
        let mut world = Self {
            _folder: folder,
            directory,
            now: NOW,
            serials: BTreeMap::new(),
            in_place: BTreeMap::new(),
            ca_keys: BTreeSet::new(),
            known: Rc::default(),
        };
        for run in runs {
            world.run(*run, None, "before").unwrap();
        }
        world
    }

    /// The same again, in another place.
    pub(crate) fn copy(&self) -> Self {
        let folder = scratch();
        let directory = folder.path().join("certs");
        copy_folder(&self.directory, &directory);
        own_journals(&directory);
        Self {
            _folder: folder,
            directory,
            now: self.now,
            serials: self.serials.clone(),
            in_place: self.in_place.clone(),
            ca_keys: self.ca_keys.clone(),
            known: self.known.clone(),
        }
    }

    /// Runs a command, perhaps with an accident, and judges what it leaves. `None` where it was killed.
    pub(crate) fn try_run(
        &mut self,
        run: Run,
        accident: Option<Accident>,
        context: &str,
    ) -> (Option<Result<Report, Error>>, bool) {
        self.now += Duration::days(1);
        let was_interrupted = self.is_interrupted();
        let before = snapshot(&self.directory);
        let (result, struck) = match run.with(accident, &self.directory, self.now) {
            Outcome::Killed => (None, true),
            Outcome::Ended { result, struck } => (Some(result), struck),
        };
        match &result {
            Some(Err(error)) if changes_nothing(error) && !was_interrupted => {
                assert_unchanged(&before, &snapshot(&self.directory), &format!("{context}: {error}"));
            }
            Some(Ok(report)) => self.has_what_was_reported(report, context),
            _ => {}
        }
        self.judge(context);
        (result, struck)
    }

    /// Runs a command that is to come to its end.
    pub(crate) fn run(
        &mut self,
        run: Run,
        accident: Option<Accident>,
        context: &str,
    ) -> Result<Report, Error> {
        self.try_run(run, accident, context).0.unwrap_or_else(|| panic!("{context}: {run:?} was killed"))
    }

    /// Somebody withdraws a name.
    pub(crate) fn withdraw(&mut self, name: &str) {
        let _ = std::fs::remove_dir_all(self.directory.join("issued").join(name));
        self.in_place.remove(&format!("issued/{name}/{name}.pem"));
    }

    /// Somebody hands a private key over, and keeps no copy.
    pub(crate) fn drop_key(&mut self, name: &str) {
        let _ = std::fs::remove_file(self.directory.join(format!("issued/{name}/{name}.key")));
    }

    /// OpenSSL signs something, with the next serial number of ca.srl.
    pub(crate) fn let_openssl_sign(&mut self) {
        let path = self.directory.join("ca.srl");
        let (Some(issuer), Ok(content)) = (self.issuer(), std::fs::read(&path)) else { return };
        let mut counter = SerialCounter::parse(&content).unwrap();
        let serial = counter.advance().unwrap().to_string();
        std::fs::write(path, counter.to_string()).unwrap();
        self.note(issuer.subject().to_string(), serial, "openssl".into(), "OpenSSL");
    }

    /// Somebody removes one of the directory's own files.
    pub(crate) fn remove(&mut self, file: &str) {
        let _ = std::fs::remove_file(self.directory.join(file));
        self.forget(file);
    }

    /// Somebody writes something else into one of the directory's own files.
    pub(crate) fn overwrite(&mut self, file: &str) {
        let path = self.directory.join(file);
        if path.exists() {
            std::fs::write(path, "half a file").unwrap();
        }
        self.forget(file);
    }

    fn forget(&mut self, file: &str) {
        self.in_place.remove(&file.replace(".key", ".pem"));
    }

    /// Somebody renames the directory.
    pub(crate) fn move_directory(&mut self) {
        let moved = self.free_place("moved");
        std::fs::rename(&self.directory, &moved).unwrap();
        self.directory = moved;
    }

    fn free_place(&self, name: &str) -> PathBuf {
        let mut places = (1..).map(|number| self.directory.with_file_name(format!("{name}-{number}")));
        places.find(|place| !place.exists()).unwrap()
    }

    /// Somebody copies the directory, and goes on with the copy.
    pub(crate) fn use_a_copy(&mut self) {
        let copy = self.free_place("copy");
        copy_folder(&self.directory, &copy);
        self.directory = copy;
    }

    /// Somebody copies a backup over what is there. What the directory then does not know any more, it may
    /// give out again.
    pub(crate) fn restore(&mut self, backup: &Self) {
        overlay(&backup.directory, &self.directory);
        self.serials.clone_from(&backup.serials);
        self.in_place.clone_from(&backup.in_place);
        self.ca_keys.clone_from(&backup.ca_keys);
    }

    /// Somebody gives the directory to another user, where the tests may do that.
    pub(crate) fn chown(&mut self) {
        if rustix::process::geteuid().is_root() {
            let status =
                std::process::Command::new("chown").args(["-R", "4001"]).arg(&self.directory).status();
            assert!(status.unwrap().success());
        }
    }

    /// Somebody takes the hint, but keeps what the interrupted run had kept.
    pub(crate) fn set_journals_aside(&mut self) {
        for (number, folder) in [self.directory.clone(), self.directory.join("issued")].iter().enumerate() {
            let [staged, commit] = JOURNALS.map(|journal| folder.join(journal));
            let _ = std::fs::remove_dir_all(staged);
            let _ = std::fs::rename(commit, self.directory.join(format!("backup-by-hand-{number}")));
        }
    }

    /// Whether a run left something to do.
    pub(crate) fn is_interrupted(&self) -> bool {
        [self.directory.clone(), self.directory.join("issued")]
            .iter()
            .flat_map(|folder| JOURNALS.map(|journal| folder.join(journal)))
            // An empty one says nothing.
            .any(|journal| std::fs::read_dir(journal).is_ok_and(|mut entries| entries.next().is_some()))
    }

    /// What must hold at any moment, and the rest where no run is interrupted.
    pub(crate) fn judge(&mut self, context: &str) {
        self.look(context);
        if self.is_interrupted() || !self.directory.exists() {
            return;
        }
        let members = self.members();
        for member in &members {
            self.judge_member(member, &format!("{context}: {}", member.file));
        }
        self.none_is_lost(&members, context);
        self.all_are_in_the_inventory(&members, context);
        self.status_is_true(&members, context);
        self.in_place = members.into_iter().map(|member| (member.file, member.chain[0].clone())).collect();
    }

    /// Notes every serial number and every CA key that can be seen.
    fn look(&mut self, context: &str) {
        for (path, content) in snapshot(&self.directory) {
            let name = path.rsplit('/').next().unwrap_or_default();
            if name.starts_with("ca.key ") && !path.starts_with("backup-") && !path.starts_with('.') {
                self.ca_keys.insert(content.clone());
            }
            let visible = !path.split('/').any(|part| part.starts_with('.'));
            if visible && path.contains(".pem ") {
                for [issuer, serial, fingerprint] in self.identities(content) {
                    self.note(issuer, serial, fingerprint, context);
                }
            }
        }
        for entry in self.inventory() {
            let text = |field: &str| entry[field].as_str().unwrap().to_owned();
            self.note(text("issuer"), text("serial"), text("sha256_fingerprint"), context);
        }
        let all: BTreeSet<_> = snapshot(&self.directory).into_values().collect();
        let lost = self.ca_keys.iter().any(|key| !all.contains(key));
        assert!(!lost, "{context}: a CA key is lost");
    }

    fn identities(&self, content: Vec<u8>) -> Vec<[String; 3]> {
        let read = |content: &Vec<u8>| {
            let certificates = certificates_from_pem(content).unwrap_or_default();
            let identity =
                |one: &Certificate| [one.issuer().to_string(), one.serial().to_string(), one.fingerprint()];
            certificates.iter().map(identity).collect()
        };
        let mut known = self.known.borrow_mut();
        known.certificates.entry(content).or_insert_with_key(read).clone()
    }

    fn note(&mut self, issuer: String, serial: String, fingerprint: String, context: &str) {
        let whose = format!("{serial} of {issuer}");
        let first = self.serials.entry((issuer, serial)).or_insert_with(|| fingerprint.clone());
        assert_eq!(*first, fingerprint, "{context}: serial number {whose} is used twice");
    }

    /// The lines of the inventory, without one that was cut off.
    fn inventory(&self) -> Vec<serde_json::Value> {
        let content = std::fs::read(self.directory.join(INVENTORY)).unwrap_or_default();
        let complete = content.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let lines = content[..complete].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
    }

    fn read(&self, file: &str) -> Vec<u8> {
        let path = self.directory.join(file);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn certificates(&self, file: &str) -> Vec<Certificate> {
        certificates_from_pem(&self.read(file)).unwrap()
    }

    /// The CA in ca.pem that ca.key belongs to.
    fn issuer(&self) -> Option<Certificate> {
        let read = |file| std::fs::read(self.directory.join(file)).ok();
        let key = key_from_pem(&read("ca.key")?, None).unwrap().public_key().unwrap();
        let trusted = certificates_from_pem(&read("ca.pem")?).unwrap();
        trusted.into_iter().find(|trusted| trusted.public_key().unwrap() == key)
    }

    fn members(&self) -> Vec<Member> {
        let member = |folder: &str, name: &str, ca: &str| Member {
            file: format!("{folder}{name}.pem"),
            chain: self.certificates(&format!("{folder}{name}.pem")),
            key: std::fs::read(self.directory.join(format!("{folder}{name}.key"))).ok(),
            ca: ca.to_owned(),
        };
        let is_there = |kind: &EndEntityKind| self.directory.join(format!("{kind}.pem")).exists();
        let own = EndEntityKind::ALL.into_iter().filter(is_there);
        let own = own.map(|kind| member("", kind.name(), "ca.pem"));
        let entries = std::fs::read_dir(self.directory.join("issued")).into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let issued = names
            .filter(|name| name != "index.jsonl" && !name.starts_with("backup-") && !name.starts_with('.'))
            .map(|name| {
                let folder = format!("issued/{name}/");
                member(&folder, &name, &format!("{folder}ca.pem"))
            });
        own.chain(issued).collect()
    }

    /// The key is the certificate's, and whoever has the directory's ca.pem or its own takes it.
    fn judge_member(&self, member: &Member, context: &str) {
        let leaf = &member.chain[0];
        let trusted = [&member.ca, "ca.pem"].map(|file| self.read(file)).concat();
        let files = [self.read(&member.file), member.key.clone().unwrap_or_default(), trusted];
        if !self.known.borrow_mut().verified.insert(files) {
            return;
        }
        if let Some(key) = &member.key {
            let key = key_from_pem(key, None).unwrap().public_key().unwrap();
            assert_eq!(leaf.public_key().unwrap(), key, "{context}: lies beside another key");
        }
        let kind = EndEntityKind::ALL.into_iter().find(|kind| leaf.serves(*kind)).unwrap();
        for file in [&member.ca, "ca.pem"] {
            verify_chain(kind, &member.chain, &self.certificates(file), &[], self.now)
                .unwrap_or_else(|error| panic!("{context}: by {file}: {error}"));
        }
    }

    /// Each that was in its place is there, or one that is newer and for the same.
    fn none_is_lost(&self, members: &[Member], context: &str) {
        for (file, old) in &self.in_place {
            let now = members.iter().find(|member| member.file == *file);
            let now = &now.unwrap_or_else(|| panic!("{context}: {file} is lost")).chain[0];
            let is_newer = now.validity().not_before > old.validity().not_before
                && now.subject().common_name() == old.subject().common_name();
            assert!(now == old || is_newer, "{context}: {file} is neither what it was nor newer");
        }
    }

    fn all_are_in_the_inventory(&self, members: &[Member], context: &str) {
        let entries = self.inventory();
        let is_begun = self.directory.join(INVENTORY).exists() && members.len() > 2;
        for member in members.iter().filter(|_| is_begun) {
            let fingerprint = member.chain[0].fingerprint();
            let entry = entries.iter().find(|entry| entry["sha256_fingerprint"] == fingerprint.as_str());
            let entry = entry.unwrap_or_else(|| panic!("{context}: {} is not in the inventory", member.file));
            assert_eq!(entry["file"], member.file.as_str(), "{context}");
        }
    }

    /// As somebody would see it who looks at the files.
    fn status_is_true(&self, members: &[Member], context: &str) {
        let trusted = self.certificates("ca.pem");
        let of = |ca: &Certificate| {
            members.iter().filter(|member| member.chain[0].issuer() == ca.subject()).count()
        };
        let issued: Vec<_> = trusted.iter().map(of).collect();
        let key = |folder: &str| std::fs::read(self.directory.join(folder).join("ca.key")).ok();
        let is_trusted = |next: &Certificate| trusted.contains(next);
        let next = self.directory.join("next/ca.pem");
        let is_begun = key("next").is_some_and(|next| Some(next) != key(""))
            && next.exists()
            && is_trusted(&self.certificates("next/ca.pem")[0]);
        let state = match (is_begun, issued.as_slice()) {
            (true, _) => RotationState::Begun,
            (false, [_]) => RotationState::None,
            (false, [_, .., _]) if issued[0] > 0 => RotationState::Issuing,
            (false, _) => RotationState::Issued,
        };
        let status = rotation_status(&self.directory, self.now).unwrap();
        assert_eq!(status.state, state, "{context}: {status:?}");
        let said: Vec<_> = status.authorities.iter().map(|ca| ca.issued).collect();
        assert_eq!(said, issued, "{context}: {status:?}");

        let issuer = self.issuer().unwrap_or_else(|| panic!("{context}: ca.pem does not trust ca.key"));
        let expected = if is_begun { trusted.first() } else { trusted.last() };
        assert_eq!(Some(&issuer), expected, "{context}: who issues");
    }

    /// What a run reports as made is there, where no later accident could have changed it.
    fn has_what_was_reported(&self, report: &Report, context: &str) {
        for certificate in
            report.certificates.iter().filter(|certificate| certificate.role != CertificateRole::Ca)
        {
            let there = certificates_from_pem(&std::fs::read(&certificate.path).unwrap()).unwrap();
            let fingerprint = Some(there[0].fingerprint());
            assert_eq!(
                certificate.sha256_fingerprint,
                fingerprint,
                "{context}: {}",
                certificate.path.display()
            );
            assert!(certificate.action == Action::Kept || report.changed, "{context}");
        }
    }
}

/// In memory where there is such a place: here nobody waits for a disk.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn changes_nothing(error: &Error) -> bool {
    !error.has_changed() && error.kind() != ErrorKind::Unfinished
}

/// All is as it was, but that serial numbers may have been used up, and that the inventory may have lines
/// of what was not handed out.
fn assert_unchanged(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>, context: &str) {
    let inventory = format!("{INVENTORY} 0644");
    let begun = before.get(&inventory).cloned().unwrap_or_default();
    assert!(after.get(&inventory).is_none_or(|lines| lines.starts_with(&begun)), "{context}: the inventory");
    let rest = |files: &BTreeMap<String, Vec<u8>>| {
        let mut files = files.clone();
        // A run that was killed leaves its lock and an empty folder, and the next one removes them.
        let is_left = |name: &str| {
            name.contains(".milvus-certs-lock ")
                || JOURNALS.iter().any(|journal| name.trim_end_matches('/').ends_with(journal))
        };
        files.retain(|name, _| {
            !name.starts_with("ca.srl ") && *name != inventory && name != "issued/" && !is_left(name)
        });
        files
    };
    let (before, after) = (rest(before), rest(after));
    let changed: Vec<_> =
        before.keys().chain(after.keys()).filter(|name| before.get(*name) != after.get(*name)).collect();
    assert!(changed.is_empty(), "{context}: {changed:?} changed");
}

/// Lets the journals of a copy pass for those of a run that was interrupted in it.
fn own_journals(directory: &Path) {
    use std::os::unix::fs::MetadataExt;
    for folder in [directory.to_owned(), directory.join("issued")] {
        let journal = folder.join(JOURNALS[1]);
        let Ok(content) = std::fs::read(journal.join(".manifest")) else { continue };
        let mut manifest: serde_json::Value = serde_json::from_slice(&content).unwrap();
        manifest["directory"] = folder.metadata().unwrap().ino().into();
        manifest["journal"] = journal.metadata().unwrap().ino().into();
        std::fs::write(journal.join(".manifest"), manifest.to_string()).unwrap();
    }
}

/// `cp -a from/. to/`
fn overlay(from: &Path, to: &Path) {
    let status = std::process::Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status();
    assert!(status.unwrap().success());
}

fn copy_folder(from: &Path, to: &Path) {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    let mode = from.metadata().unwrap().mode() & 0o777;
    std::fs::DirBuilder::new().mode(mode).create(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
