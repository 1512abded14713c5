//! tshark as a command. It knows nothing of EOP but where the dissector is.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A tshark that has the dissector, and nothing of the user's own.
pub(crate) struct Tshark {
    home: PathBuf,
}

impl Tshark {
    /// tshark, if it is installed; continuous integration insists.
    pub(crate) fn here() -> Option<Self> {
        let there = Command::new("tshark")
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success());
        assert!(
            there || std::env::var_os("CI").is_none(),
            "tshark is needed here"
        );
        if !there {
            eprintln!("SKIPPED: no tshark on this machine, so nothing was decoded");
            return None;
        }
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tshark");
        std::fs::create_dir_all(&home).expect("a folder for tshark's settings");
        Some(Self { home })
    }

    pub(crate) fn dissector() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/wireshark/eop.lua")
    }

    /// tshark without any argument but the dissector.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("tshark");
        command
            .env("HOME", &self.home)
            .env("XDG_CONFIG_HOME", &self.home)
            .args(["-n", "-X"])
            .arg(format!("lua_script:{}", Self::dissector().display()));
        command
    }

    /// What tshark prints about a capture.
    pub(crate) fn read(&self, capture: &Path, options: &[&str]) -> String {
        let output = self
            .command()
            .arg("-r")
            .arg(capture)
            .args(options)
            .output()
            .expect("tshark runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{complaint}");
        String::from_utf8(output.stdout).expect("tshark prints UTF-8")
    }

    /// The values of some fields, a row for every packet that the options let pass.
    pub(crate) fn fields(
        &self,
        capture: &Path,
        options: &[&str],
        fields: &[&str],
    ) -> Vec<Vec<String>> {
        let mut arguments = options.to_vec();
        arguments.extend(["-T", "fields"]);
        arguments.extend(fields.iter().flat_map(|field| ["-e", field]));
        self.read(capture, &arguments)
            .lines()
            .map(|line| line.split('\t').map(str::to_owned).collect())
            .collect()
    }
}

/// The ids of requirements in a text.
pub(crate) fn requirements(text: &str) -> Vec<String> {
    let starts = text.match_indices("EOP-").map(|(at, _)| &text[at..]);
    let id = |rest: &str| {
        rest.chars()
            .take_while(|character| {
                character.is_ascii_uppercase() || character.is_ascii_digit() || *character == '-'
            })
            .collect()
    };
    starts.map(id).collect()
}
