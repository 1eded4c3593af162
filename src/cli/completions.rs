use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Status, output};

const EXAMPLES: &str = "\
Examples:
  milvus-certs completions bash > /etc/bash_completion.d/milvus-certs
  milvus-certs completions zsh > \"${fpath[1]}/_milvus-certs\"
  milvus-certs completions fish > ~/.config/fish/completions/milvus-certs.fish";

/// Print a shell's completion script
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
        output::script(&script)?;
        Ok(Status::Done)
    }
}
