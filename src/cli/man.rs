use std::path::PathBuf;

use crate::store::{Directory, Existing, FileMode, Protection, RelativePath, StagedFile};
use clap::CommandFactory;
use clap::builder::BoolishValueParser;

use crate::cli::args::path;
use crate::cli::{Cli, Status, output};

const EXAMPLES: &str = "\
Examples:
  milvus-certs man --out /usr/local/share/man/man1";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The folder that they are written to
    #[arg(short, long, value_name = "DIR", env = "MILVUS_CERTS_OUT", hide_env_values = true, value_parser = path())]
    out: PathBuf,

    /// Replace the files that are there
    #[arg(long, env = "MILVUS_CERTS_FORCE", hide_env_values = true, value_parser = BoolishValueParser::new())]
    force: bool,
}

impl Args {
    pub(super) fn run(&self) -> anyhow::Result<Status> {
        // Building gives every command below the names of those above it.
        let mut command = Cli::command().disable_help_subcommand(true);
        command.build();
        let mut pages = Vec::new();
        add_pages(&command, &mut pages)?;
        let files: Vec<_> = pages
            .iter()
            .map(|(name, content)| StagedFile {
                path: RelativePath::in_directory(name.clone()),
                content,
                mode: FileMode::PUBLIC,
                owner: None,
            })
            .collect();
        let existing = if self.force { Existing::Replace } else { Existing::Refuse };
        Directory::open_output(&self.out, Protection::GivenUp)?.write(&files, existing, |_| Ok(()))?;
        output::manual(files.len(), &self.out)?;
        Ok(Status::Done)
    }
}

/// A page for the command, and for each below it, as git has them: `milvus-certs-config-helm.1`.
fn add_pages(command: &clap::Command, pages: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    let man = clap_mangen::Man::new(command.clone());
    let mut page = Vec::new();
    man.render(&mut page)?;
    pages.push((man.get_filename(), page));
    command.get_subcommands().try_for_each(|below| add_pages(below, pages))
}
