//! A temporary folder, and `openssl` in it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Keys as `openssl` makes them; elliptic-curve keys are made fast.
pub(crate) const P256_KEY: &str = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256";
pub(crate) const RSA_KEY: &str = "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048";

/// Whether there is an `openssl` command that has the options that the tests use: LibreSSL and
/// OpenSSL 1.1.1 do not have them.
pub(crate) fn openssl_is_there() -> bool {
    let output = Command::new("openssl").arg("version").output();
    let version = output.map(|output| lossy(&output.stdout)).unwrap_or_default();
    let major = version.strip_prefix("OpenSSL ").and_then(|version| version.split('.').next());
    major.and_then(|major| major.parse().ok()).is_some_and(|major: u32| major >= 3)
}

/// A command that runs in a folder, with nothing on standard input and nothing from the environment
/// but the way to programs and libraries.
pub(crate) fn clean_command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null()).env_clear();
    for name in ["PATH", "LD_LIBRARY_PATH"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command
}

/// A temporary folder.
pub(crate) struct Folder(TempDir);

/// Mode, owner and content (or target) of everything in a folder.
pub(crate) type Snapshot = BTreeMap<String, (u32, u32, Vec<u8>)>;

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The path of something in the folder; `""` is the folder itself.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The same, as an argument.
    pub(crate) fn argument(&self, name: &str) -> String {
        self.path(name).into_os_string().into_string().unwrap()
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Writes the files one after the other into `joined`, which may be one of them.
    pub(crate) fn join(&self, names: &[&str], joined: &str) {
        let contents: Vec<_> = names.iter().map(|name| self.read(name)).collect();
        self.write(joined, contents.concat());
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub(crate) fn create_folder(&self, name: &str) {
        fs::create_dir(self.path(name)).unwrap();
    }

    pub(crate) fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().mode() & 0o7777
    }

    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.snapshot_of("")
    }

    pub(crate) fn snapshot_of(&self, name: &str) -> Snapshot {
        let (root, mut snapshot) = (self.path(name), Snapshot::new());
        let mut folders = vec![root.clone()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                let metadata = fs::symlink_metadata(&path).unwrap();
                let content = match metadata.file_type() {
                    kind if kind.is_file() => fs::read(&path).unwrap(),
                    kind if kind.is_symlink() => {
                        fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec()
                    }
                    _ => Vec::new(),
                };
                let name = path.strip_prefix(&root).unwrap().display().to_string();
                snapshot.insert(name, (metadata.mode(), metadata.uid(), content));
                if metadata.is_dir() {
                    folders.push(path);
                }
            }
        }
        snapshot
    }

    /// Runs an `openssl` command that succeeds; returns what it printed. The arguments are split as a
    /// shell splits them, and paths are relative to the folder.
    #[track_caller]
    pub(crate) fn openssl(&self, arguments: &str) -> String {
        let output = self.run_openssl(arguments);
        assert!(output.status.success(), "openssl {arguments}\n{}", lossy(&output.stderr));
        lossy(&output.stdout)
    }

    /// What an `openssl` command printed, if it succeeded.
    pub(crate) fn try_openssl(&self, arguments: &str) -> Option<String> {
        let output = self.run_openssl(arguments);
        output.status.success().then(|| lossy(&output.stdout))
    }

    /// All that an `openssl` command printed, whether or not it succeeded.
    pub(crate) fn openssl_says(&self, arguments: &str) -> String {
        let output = self.run_openssl(arguments);
        lossy(&output.stdout) + &lossy(&output.stderr)
    }

    fn run_openssl(&self, arguments: &str) -> Output {
        clean_command("openssl", self.0.path()).args(shlex::split(arguments).unwrap()).output().unwrap()
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
