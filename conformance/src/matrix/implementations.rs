//! The file that names who is played with whom: TOML, one `[[implementation]]` an entry. Nothing is started here.

use std::fmt;

use toml_edit::{Document, Table};

/// The keys of an entry; one of the commands may be left out.
const KEYS: [&str; 3] = ["name", "server", "client"];

/// An implementation of EOP, in one role or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Implementation {
    /// What the table calls it.
    pub name: String,
    /// The command that starts its server.
    pub server: Option<String>,
    /// The command that starts its driver.
    pub client: Option<String>,
}

/// A file that names no implementations: which entry, which field, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

/// The implementations that a file names.
pub fn implementations(text: &str) -> Result<Vec<Implementation>, Malformed> {
    let document =
        Document::parse(text.to_owned()).map_err(|error| Malformed(error.to_string()))?;
    let mut found: Vec<Implementation> = Vec::new();
    for (key, item) in document.as_table() {
        let tables = item
            .as_array_of_tables()
            .filter(|_| key == "implementation");
        let tables = tables.ok_or_else(|| {
            Malformed(format!("`{key}`: the file holds [[implementation]] alone"))
        })?;
        for table in tables {
            let number = found.len().saturating_add(1);
            let malformed = |why| Malformed(format!("entry {number}: {why}"));
            let implementation = entry(table).map_err(malformed)?;
            if found.iter().any(|other| other.name == implementation.name) {
                let why = format!("`name`: there is a \"{}\" already", implementation.name);
                return Err(malformed(why));
            }
            found.push(implementation);
        }
    }
    for (role, there) in [
        ("server", found.iter().any(|one| one.server.is_some())),
        ("client", found.iter().any(|one| one.client.is_some())),
    ] {
        if !there {
            return Err(Malformed(format!("no entry has a `{role}`")));
        }
    }
    Ok(found)
}

fn entry(table: &Table) -> Result<Implementation, String> {
    if let Some((key, _)) = table.iter().find(|(key, _)| !KEYS.contains(key)) {
        let keys = KEYS.join(", ");
        return Err(format!("`{key}` is no key of an entry ({keys})"));
    }
    let text = |key: &str| match table.get(key) {
        None => Ok(None),
        Some(item) => match item.as_str().map(str::trim) {
            None => Err(format!("`{key}` is no text")),
            Some("") => Err(format!("`{key}` is empty")),
            Some(text) => Ok(Some(text.to_owned())),
        },
    };
    let name = text("name")?.ok_or("`name` is missing")?;
    if name.contains([':', ' ']) {
        return Err(format!("`name`: \"{name}\" has a colon or a space in it"));
    }
    let (server, client) = (text("server")?, text("client")?);
    if server.is_none() && client.is_none() {
        return Err(format!("\"{name}\" has neither `server` nor `client`"));
    }
    Ok(Implementation {
        name,
        server,
        client,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        implementations(text).unwrap_err().to_string()
    }

    #[test]
    fn an_error_names_the_entry_and_the_field() {
        let first = "[[implementation]]\nname = \"a\"\nserver = \"s\"\nclient = \"c\"\n";
        let second = |fields: &str| format!("{first}[[implementation]]\n{fields}");
        for (fields, why) in [
            ("server = \"s\"", "entry 2: `name` is missing"),
            ("name = 7", "entry 2: `name` is no text"),
            (
                "name = \"a\"\nserver = \"s\"",
                "entry 2: `name`: there is a \"a\" already",
            ),
            ("name = \"b\"\nserver = \" \"", "entry 2: `server` is empty"),
            (
                "name = \"b\"",
                "entry 2: \"b\" has neither `server` nor `client`",
            ),
            (
                "name = \"b\"\nexec = \"s\"",
                "entry 2: `exec` is no key of an entry (name, server, client)",
            ),
        ] {
            assert_eq!(refused(&second(fields)), why);
        }
    }

    #[test]
    fn a_file_has_both_roles_in_it_and_nothing_else() {
        assert_eq!(refused(""), "no entry has a `server`");
        let server = "[[implementation]]\nname = \"a\"\nserver = \"s\"\n";
        assert_eq!(refused(server), "no entry has a `client`");
        assert_eq!(
            refused("x = 1"),
            "`x`: the file holds [[implementation]] alone"
        );
    }
}
