use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::{Cli, Status, output};

const EXAMPLES: &str = "\
Examples:
  milvus-certs completions bash > /etc/bash_completion.d/milvus-certs
  milvus-certs completions zsh > \"${fpath[1]}/_milvus-certs\"
  milvus-certs completions fish > ~/.config/fish/completions/milvus-certs.fish";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Args {
    pub(super) fn run(&self) -> anyhow::Result<Status> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "milvus-certs", &mut script);
        output::script(&named_as_called(self.shell, script))?;
        Ok(Status::Done)
    }
}

/// clap_complete writes a hyphen in the program's name in two ways into bash's script, and then finds
/// nothing below the first word.
fn named_as_called(shell: Shell, script: Vec<u8>) -> Vec<u8> {
    match shell {
        Shell::Bash => {
            let script = String::from_utf8_lossy(&script);
            script.replace("milvus__subcmd__certs", "milvus__certs").into_bytes()
        }
        _ => script,
    }
}
