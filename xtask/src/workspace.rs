//! Where the project lies, and its files as one value that the checks read.

use std::path::{Path, PathBuf};

/// Folders that hold no source of ours.
const SKIPPED_FOLDERS: &[&str] = &[".git", "target", "node_modules", "__pycache__", "dist"];

/// Endings of the files that the checks read. Files without an ending are read when they are scripts
/// under `.ci`.
const TEXT_ENDINGS: &[&str] = &[
    "rs", "md", "toml", "py", "sh", "sql", "yml", "yaml", "txt", "json", "ts", "mjs", "svelte",
    "css", "html", "ftl",
];

/// One text file of the project.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Path from the project's root, with `/` between its parts.
    pub(crate) path: String,
    /// The whole text.
    pub(crate) text: String,
}

impl File {
    /// Whether the file's name ends in a dot and this.
    pub(crate) fn ends_in(&self, ending: &str) -> bool {
        self.path
            .rsplit_once('.')
            .is_some_and(|(_, found)| found == ending)
    }
}

/// The text files of the project, ordered by path.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    /// Every file that was read.
    pub(crate) files: Vec<File>,
    /// Paths of all other files (pictures, binaries, the lock file), which links may name.
    pub(crate) others: Vec<String>,
}

impl Tree {
    /// Reads the project's files from the disk.
    pub(crate) fn load(root: &Path) -> Result<Self, String> {
        let mut tree = Self::default();
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            let entries = std::fs::read_dir(&folder)
                .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
            for entry in entries.flatten() {
                tree.add(root, &entry.path(), &mut folders)?;
            }
        }
        tree.files.sort_by(|left, right| left.path.cmp(&right.path));
        tree.others.sort();
        Ok(tree)
    }

    fn add(&mut self, root: &Path, path: &Path, folders: &mut Vec<PathBuf>) -> Result<(), String> {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if path.is_dir() {
            if !SKIPPED_FOLDERS.contains(&name.as_str()) {
                folders.push(path.to_path_buf());
            }
            return Ok(());
        }
        let inside = path
            .strip_prefix(root)
            .unwrap_or(path)
            .to_string_lossy()
            .replace('\\', "/");
        let ending = path
            .extension()
            .map(|ending| ending.to_string_lossy().into_owned());
        let is_text = ending
            .as_deref()
            .is_some_and(|ending| TEXT_ENDINGS.contains(&ending))
            || inside.starts_with(".ci/");
        if !is_text {
            self.others.push(inside);
            return Ok(());
        }
        let bytes =
            std::fs::read(path).map_err(|error| format!("cannot read {inside}: {error}"))?;
        match String::from_utf8(bytes) {
            Ok(text) => self.files.push(File { path: inside, text }),
            Err(_) => self.others.push(inside),
        }
        Ok(())
    }

    /// A tree made of the given paths and texts.
    #[cfg(test)]
    pub(crate) fn planted(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| File {
                path: (*path).to_owned(),
                text: (*text).to_owned(),
            })
            .collect();
        Self {
            files,
            others: Vec::new(),
        }
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files
            .iter()
            .find(|file| file.path == path)
            .map(|file| file.text.as_str())
    }

    /// Whether a file or a folder of this path exists.
    pub(crate) fn contains(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.files
            .iter()
            .map(|file| &file.path)
            .chain(&self.others)
            .any(|known| known == path || known.starts_with(&folder))
    }
}

/// The project's root: the folder above this crate.
pub(crate) fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent()
        .map_or_else(|| here.clone(), Path::to_path_buf)
}

/// The folder that Cargo builds in; `CARGO_TARGET_DIR` is respected.
pub(crate) fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) if !folder.is_empty() => root().join(folder),
        _ => root().join("target"),
    }
}

/// The folder for our own notes, logs and environments below the build folder; made when missing.
pub(crate) fn scratch_dir() -> Result<PathBuf, String> {
    let folder = target_dir().join("xtask");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    Ok(folder)
}
