use clap_complete::Shell;

use crate::cli::{Status, output, program};

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
        clap_complete::generate(self.shell, &mut program(), "milvus-certs", &mut script);
        let script = String::from_utf8_lossy(&script);
        // clap_complete writes a hyphen in the program's name in two ways into bash's script, and then finds
        // nothing below the first word.
        output::print(&match self.shell {
            Shell::Bash => script.replace("milvus__subcmd__certs", "milvus__certs"),
            _ => script.into_owned(),
        })?;
        Ok(Status::Done)
    }
}
