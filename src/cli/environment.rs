//! The environment variables of the options, by one rule for all commands.

use std::env::var_os;

use clap::builder::BoolishValueParser;
use clap::{Arg, ArgAction, Command};

/// Options that no variable can set for several commands at once: they destroy, expose or sign, or they mean something
/// else in each command.
const OWN_ONLY: [&str; 5] = ["accept-unprotected-keys", "adopt", "force", "internal", "out"];

/// Gives each option of each command the variable `MILVUS_CERTS_<COMMAND>_<OPTION>`, and where several commands
/// can share it, `MILVUS_CERTS_<OPTION>`. Targets of `config` and steps of `rotate-ca` are named by the command alone.
pub(super) fn with_variables(program: Command) -> Command {
    program.mut_subcommands(|command| {
        let prefix = variable("MILVUS_CERTS", command.get_name());
        with_prefix(command, &prefix)
    })
}

fn with_prefix(command: Command, prefix: &str) -> Command {
    let command = command
        .mut_args(|option| with_variable(option, prefix))
        .mut_subcommands(|below| with_prefix(below, prefix));
    match paragraph(&command, prefix) {
        Some(paragraph) => {
            let text = command.get_after_help().map(|text| format!("{text}\n\n")).unwrap_or_default();
            command.after_help(text + &paragraph)
        }
        None => command,
    }
}

/// clap reads one variable for an option: that of the command goes first.
fn with_variable(option: Arg, prefix: &str) -> Arg {
    let Some(name) = option.get_long() else { return option };
    let (own, shared) = (variable(prefix, name), variable("MILVUS_CERTS", name));
    let is_shared = !OWN_ONLY.contains(&name) && var_os(&own).is_none();
    let option = match option.get_action() {
        ArgAction::SetTrue => option.value_parser(BoolishValueParser::new()),
        _ => option,
    };
    option.env(if is_shared { shared } else { own }).hide_env(true)
}

fn variable(prefix: &str, name: &str) -> String {
    format!("{prefix}_{}", name.replace('-', "_").to_uppercase())
}

/// What the help of a command says of its variables.
fn paragraph(command: &Command, prefix: &str) -> Option<String> {
    let options: Vec<_> = command.get_arguments().filter_map(Arg::get_long).collect();
    let first = options.first()?;
    let own: Vec<_> =
        OWN_ONLY.iter().filter(|name| options.contains(name)).map(|name| format!("--{name}")).collect();
    let except = if own.is_empty() { String::new() } else { format!("; not for {}", own.join(", ")) };
    Some(format!(
        "Environment variables (what is typed goes first, then the variable of the command):\n  \
         {prefix}_<OPTION>  for this command, such as {} for --{first}\n  \
         MILVUS_CERTS_<OPTION>  for all commands{except}",
        variable(prefix, first)
    ))
}
