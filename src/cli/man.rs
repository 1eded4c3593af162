use std::path::PathBuf;

use anyhow::Context;

use crate::cli::args::path;
use crate::cli::render::page::Page;
use crate::cli::{Status, output, program};
use crate::store::{Directory, Existing, FileMode, Protection, RelativePath, StagedFile};

const EXAMPLES: &str = "\
Examples:
  milvus-certs man --out /usr/local/share/man/man1";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The folder that they are written to
    #[arg(short, long, value_name = "DIR", value_parser = path())]
    out: PathBuf,

    /// Replace the files that are there
    #[arg(long)]
    force: bool,
}

impl Args {
    pub(super) fn run(&self) -> anyhow::Result<Status> {
        // Building gives every command below the names of those above it.
        let mut program = program().disable_help_subcommand(true);
        program.build();
        let mut pages = Vec::new();
        add_pages(&program, &mut pages).context("the pages cannot be made")?;
        let files: Vec<_> = pages
            .iter()
            .map(|(name, content)| StagedFile {
                path: RelativePath::in_directory(name.clone()),
                content,
                mode: FileMode::PUBLIC,
                owner: None,
                reader: None,
            })
            .collect();
        let existing = if self.force { Existing::Replace } else { Existing::Refuse };
        Directory::open_output(&self.out, Protection::GivenUp)?.write(&files, existing, |_| Ok(()))?;
        let mut page = Page::default();
        page.line(format!("Wrote {} manual pages to {}.", files.len(), self.out.display()));
        output::write(&page.into_text()).context(output::WRITTEN_BUT_NOT_PRINTED)?;
        Ok(Status::Done)
    }
}

/// A page for the command, and for each below it, as git has them: `milvus-certs-config-helm.1`.
fn add_pages(command: &clap::Command, pages: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
    let man = clap_mangen::Man::new(command.clone());
    let mut page = Vec::new();
    man.render(&mut page)?;
    pages.push((man.get_filename(), page));
    command.get_subcommands().try_for_each(|below| add_pages(below, pages))
}
