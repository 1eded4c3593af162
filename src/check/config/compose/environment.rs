use crate::base::place::{Place, Position};
use crate::check::config::compose::service::Service;
use crate::check::config::compose::syntax::interpolated;
use crate::check::config::host::{Host, cleaned};
use crate::check::config::settings::{Settings, Value};
use crate::check::config::source::AtPath;
use crate::yaml::{Entry, Node};

/// Adds a service's variables, which Milvus prefers to its files: those of `env_file`, and over them
/// those of `environment`, a list of `NAME=value` or a mapping.
pub(crate) fn add(settings: &mut Settings, service: &Service<'_>, host: &Host<'_>) {
    for files in service.all("env_file") {
        // A single file, or several; each by its path, or as a mapping.
        for file in std::iter::once(files).chain(files.items()) {
            if let Some(path) = file.as_str().or_else(|| file.text("path")) {
                add_file(settings, service, path, host);
            }
        }
    }
    for environment in service.all("environment") {
        for Entry { key, value } in environment.entries() {
            let text = value.as_go_string().filter(|_| !value.is_null());
            add_variable(settings, key.as_str().unwrap_or_default(), text.as_deref(), value.place());
        }
        for item in environment.items() {
            // Unlike in a file, quotes after the equals sign are part of the value.
            let text = item.as_str().unwrap_or_default();
            let (name, value) =
                text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
            add_variable(settings, name, value, item.place());
        }
    }
}

fn add_file(settings: &mut Settings, service: &Service<'_>, path: &str, host: &Host<'_>) {
    let path = cleaned(&service.folder.join(&*interpolated(path).text));
    let AtPath::File(content) = host.look(&path) else {
        settings.is_partial = true;
        return;
    };
    for (index, line) in String::from_utf8_lossy(&content).lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.contains('=') && !trimmed.starts_with('#') {
            let position = Position { line: index + 1, column: line.len() - line.trim_start().len() + 1 };
            let (name, value) = trimmed.split_once('=').unwrap_or((trimmed, ""));
            let place = Place::at(path.display().to_string(), position);
            add_variable(settings, name, Some(unquoted(value.trim())), place);
        }
    }
}

/// A value without its quotes, or else without the comment after it.
fn unquoted(value: &str) -> &str {
    let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.split_once(quote));
    match quoted {
        Some((inside, _)) => inside,
        None if value.starts_with('#') => "",
        None => value.split(" #").next().unwrap_or_default().trim_end(),
    }
}

/// A variable without a value comes from the environment of Compose.
fn add_variable(settings: &mut Settings, name: &str, value: Option<&str>, place: Place) {
    let value = value.map(interpolated).filter(|value| !value.is_unknown);
    let value = value.map_or(Value::Unknown, |value| Value::Text(value.text.into_owned()));
    settings.add_variable(name, value, place);
}

/// The key of the last `environment`, for what is missing in it.
pub(crate) fn key<'a>(service: &Service<'a>) -> Node<'a> {
    service.last("environment").map_or(service.key, |entry| entry.key)
}
