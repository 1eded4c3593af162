//! Templates are files of the format that they render, and readable as such.
//!
//! - A value stands between double quotes, `"{{ sni }}"`, and cannot leave them: escapes are those
//!   that YAML, Python, Go, Java and JavaScript have in common. In a comment it cannot leave its line.
//! - In a shell script it stands alone and brings its quotes along.
//! - A statement is a comment of the format with a `%`: `#% if mutual`, `//% endif`.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, Output, State, UndefinedBehavior, Value};
use zeroize::Zeroizing;

use crate::base::text::escaped;
use crate::store::FileMode;

/// A file that is built in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Template {
    /// Its name; the ending says the format.
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

/// A file that was rendered.
pub(crate) struct Document {
    /// By which its own comments and the other files call it.
    pub name: &'static str,
    /// Its text; it begins with a comment that says where it goes and how it is applied.
    pub content: Zeroizing<String>,
    /// [`FileMode::PRIVATE`] where a private key is in it.
    pub mode: FileMode,
    /// How the lines begin that every renewal changes.
    pub changing: &'static [&'static str],
}

/// Builds in a file of the folder `templates` beside the file that asks for it.
macro_rules! template {
    ($name:literal) => {
        $crate::deploy::template::Template { name: $name, text: include_str!(concat!("templates/", $name)) }
    };
}
pub(crate) use template;

/// A text that is part of the format itself, such as a whole block of settings.
pub(crate) fn verbatim(text: impl Into<String>) -> Value {
    Value::from_safe_string(text.into())
}

impl Template {
    /// Fills in values. A name that nobody gave is a mistake of this program, which its tests would
    /// have found: they render every template in every way.
    pub(crate) fn render(self, values: Value) -> String {
        let environment = self.environment();
        let template = environment.template_from_named_str(self.name, self.text);
        template
            .and_then(|template| template.render(values))
            .unwrap_or_else(|error| unreachable!("{}: {error:#}", self.name))
    }

    pub(crate) fn document(self, values: Value) -> Document {
        Document {
            name: self.name,
            content: Zeroizing::new(self.render(values)),
            mode: FileMode::PUBLIC,
            changing: &["milvus-certs.certificates: ", "milvus-certs/certificates: "],
        }
    }

    fn environment(self) -> Environment<'static> {
        let ending = self.name.rsplit('.').next().unwrap_or_default();
        let comment = if matches!(ending, "go" | "java" | "mjs") { "//" } else { "#" };
        let syntax = SyntaxConfig::builder()
            .line_statement_prefix(format!("{comment}%"))
            .keep_trailing_newline(true)
            .build();
        let mut environment = Environment::new();
        environment.set_syntax(syntax.unwrap_or_else(|error| unreachable!("{error}")));
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_formatter(if ending == "sh" { in_shell } else { in_quotes });
        environment.add_filter("indent", indented);
        environment
    }
}

fn in_shell(output: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let text = value.to_string();
    if value.is_safe() {
        return Ok(output.write_str(&text)?);
    }
    // Between single quotes, which every shell reads alike. No shell has a value with NUL in it.
    let quoted = shlex::try_quote(&text).unwrap_or_default();
    Ok(output.write_str(&quoted)?)
}

fn in_quotes(output: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let text = value.to_string();
    Ok(output.write_str(&if value.is_safe() { text } else { escaped(&text) })?)
}

/// All lines but the first, which stands where the template has it, moved to the right.
fn indented(text: String, width: usize) -> Value {
    let separator = format!("\n{}", " ".repeat(width));
    verbatim(text.trim_end().replace('\n', &separator))
}
