//! The folder: one folder per data set, with its data, the models of its searches, the board, and the entries that were trained.
//!
//! ```text
//! NAME/data.txt           the data set
//! NAME/jobs/KEY.model     what a search has trained so far, by the hash of all that went into it
//! NAME/models/HASH.model  models of entries
//! NAME/entries/ID.entry   champion and challengers
//! NAME/board              the last search
//! NAME/champion           the champion's id
//! ```

use super::Fault;
use fairway_forecast::trees::Model;
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_training::board::Board;
use fairway_training::csv::MAX_FILE_BYTES;
use fairway_training::dataset::{Dataset, check_name, hash_of};
use fairway_training::play::Entry;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The most data sets of a folder.
pub const MAX_DATASETS: usize = 1_000;
/// The most entries of a data set: one champion, and challengers in shadow.
pub const MAX_ENTRIES: usize = 16;

/// Models of searches that are kept to be found again. Beyond it, those that the last search did not need are dropped.
pub const MAX_JOBS: usize = 6_000;

/// The folder of a forecasting service.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// Keeps others from changing a data set, as long as it lives.
#[derive(Debug)]
pub struct Claim {
    _file: File,
}

fn broken(path: &Path) -> impl Fn(std::io::Error) -> Fault + '_ {
    move |error| Fault::Broken(format!("{}: {error}", path.display()))
}

/// Reads a file that is not longer than a bound; a longer one is refused unread.
///
/// # Errors
/// The path and what is wrong.
pub fn read_bounded(
    path: &Path,
    most: usize,
    too_long: impl Fn(usize) -> String,
) -> Result<Vec<u8>, Fault> {
    let size = fs::metadata(path).map_err(broken(path))?.len();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if size > most {
        return Err(Fault::Wrong(format!(
            "{}: {}",
            path.display(),
            too_long(size)
        )));
    }
    fs::read(path).map_err(broken(path))
}

impl Store {
    /// The service of a folder, which is made when it is first needed.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn folder(&self, name: &str) -> Result<PathBuf, Fault> {
        check_name(name).map_err(Fault::Wrong)?;
        Ok(self.root.join(name))
    }

    fn existing(&self, name: &str) -> Result<PathBuf, Fault> {
        let folder = self.folder(name)?;
        if folder.join("data.txt").is_file() {
            return Ok(folder);
        }
        let known = self.list()?.join(", ");
        let known = if known.is_empty() {
            "there is none yet".to_owned()
        } else {
            format!("there are {known}")
        };
        Err(Fault::Missing(format!("no data set `{name}`; {known}")))
    }

    /// Takes a data set for changes.
    ///
    /// # Errors
    /// There is none of that name; [`Fault::Busy`] when another process has it.
    pub fn claim(&self, name: &str) -> Result<Claim, Fault> {
        self.existing(name)?;
        self.claim_new(name)
    }

    /// Takes the name of a data set that is to be made.
    ///
    /// # Errors
    /// [`Fault::Busy`] when another process has it.
    pub fn claim_new(&self, name: &str) -> Result<Claim, Fault> {
        let path = self.folder(name)?.with_extension("lock");
        fs::create_dir_all(&self.root).map_err(broken(&self.root))?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(broken(&path))?;
        file.try_lock().map_err(|_| {
            Fault::Busy(format!(
                "data set `{name}` is being changed by another process; try again when it is done"
            ))
        })?;
        Ok(Claim { _file: file })
    }

    /// The names of all data sets.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn list(&self) -> Result<Vec<String>, Fault> {
        if !self.root.exists() {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(broken(&self.root))? {
            let entry = entry.map_err(broken(&self.root))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().join("data.txt").is_file() && names.len() < MAX_DATASETS {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Makes a data set.
    ///
    /// # Errors
    /// One of that name is there.
    pub fn create(&self, dataset: &Dataset) -> Result<(), Fault> {
        let folder = self.folder(dataset.name())?;
        if folder.join("data.txt").exists() {
            return Err(Fault::Wrong(format!(
                "data set `{}` is there already; nothing was changed",
                dataset.name()
            )));
        }
        if self.list()?.len() >= MAX_DATASETS {
            return Err(Fault::Wrong(format!(
                "{MAX_DATASETS} data sets are there already"
            )));
        }
        self.write(dataset)
    }

    /// Writes a data set over the one that is there, whole or not at all.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, dataset: &Dataset) -> Result<(), Fault> {
        let folder = self.folder(dataset.name())?;
        put(&folder.join("data.txt"), dataset.text().as_bytes())
    }

    /// Reads a data set.
    ///
    /// # Errors
    /// None of that name, or a damaged file.
    pub fn read(&self, name: &str) -> Result<Dataset, Fault> {
        let path = self.existing(name)?.join("data.txt");
        let text = read_bounded(&path, 2 * MAX_FILE_BYTES, |size| {
            format!("{size} bytes are more than a data set has")
        })?;
        let text = String::from_utf8(text).map_err(|error| error.to_string());
        text.and_then(|text| Dataset::read(&text))
            .map_err(|what| Fault::Broken(format!("{}: {what}", path.display())))
    }

    /// Deletes a data set with everything that was made of it.
    ///
    /// # Errors
    /// None of that name.
    pub fn delete(&self, name: &str) -> Result<(), Fault> {
        let folder = self.existing(name)?;
        // Without its data the folder is no data set any more, whatever happens to the rest.
        let data = folder.join("data.txt");
        fs::remove_file(&data).map_err(broken(&data))?;
        fs::remove_dir_all(&folder).map_err(broken(&folder))
    }

    fn model_path(&self, name: &str, part: &str, hash: &Hash) -> Result<PathBuf, Fault> {
        Ok(self
            .folder(name)?
            .join(part)
            .join(format!("{}.model", hash.hex())))
    }

    /// What a search has trained under a key. A damaged file counts as none, and is trained again.
    pub fn job(&self, name: &str, key: &Hash) -> Option<Model> {
        let bytes = fs::read(self.model_path(name, "jobs", key).ok()?).ok()?;
        Model::read(&bytes).ok()
    }

    /// Keeps what a search has trained.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn put_job(&self, name: &str, key: &Hash, model: &Model) -> Result<(), Fault> {
        put(&self.model_path(name, "jobs", key)?, &model.to_bytes())
    }

    /// A model's bytes by its hash.
    pub fn model(&self, name: &str, hash: &Hash) -> Option<Vec<u8>> {
        fs::read(self.model_path(name, "models", hash).ok()?).ok()
    }

    /// Keeps a model by its hash.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn put_model(&self, name: &str, hash: &Hash, bytes: &[u8]) -> Result<(), Fault> {
        put(&self.model_path(name, "models", hash)?, bytes)
    }

    /// The last search's board.
    ///
    /// # Errors
    /// There is none, or it is damaged.
    pub fn board(&self, name: &str) -> Result<Board, Fault> {
        let path = self.existing(name)?.join("board");
        let bytes = fs::read(&path).map_err(|_| {
            Fault::Missing(format!(
                "`{name}` has no board yet; `fairway forecast train {name}` makes one"
            ))
        })?;
        Board::from_bytes(&bytes)
            .map_err(|error| Fault::Broken(format!("{}: {error}", path.display())))
    }

    /// Keeps a board.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn put_board(&self, name: &str, board: &Board) -> Result<(), Fault> {
        put(&self.folder(name)?.join("board"), &board.to_bytes())
    }

    /// All entries by their ids.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn entries(&self, name: &str) -> Result<Vec<(String, Entry)>, Fault> {
        let folder = self.existing(name)?.join("entries");
        let Ok(files) = fs::read_dir(&folder) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for file in files.take(2 * MAX_ENTRIES) {
            let path = file.map_err(broken(&folder))?.path();
            if path.extension().is_some_and(|ending| ending == "entry") {
                let bytes = fs::read(&path).map_err(broken(&path))?;
                let entry = Entry::from_bytes(&bytes)
                    .map_err(|error| Fault::Broken(format!("{}: {error}", path.display())))?;
                found.push((entry.id(), entry));
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }

    /// Keeps an entry, and gives its id. The same entry again is the same file.
    ///
    /// # Errors
    /// Too many entries, or a file that cannot be written.
    pub fn put_entry(&self, name: &str, entry: &Entry) -> Result<String, Fault> {
        let id = entry.id();
        let there = self.entries(name)?;
        if there.len() >= MAX_ENTRIES && !there.iter().any(|(known, _)| *known == id) {
            return Err(Fault::Wrong(format!(
                "{MAX_ENTRIES} models are kept already; drop one with `fairway forecast model drop {name} ID`"
            )));
        }
        put(
            &self
                .folder(name)?
                .join("entries")
                .join(format!("{id}.entry")),
            &entry.to_bytes(),
        )?;
        Ok(id)
    }

    /// Drops a challenger, and the models that only it has.
    ///
    /// # Errors
    /// It is not there, or is the champion.
    pub fn drop_entry(&self, name: &str, id: &str) -> Result<(), Fault> {
        let (id, _) = self.entry(name, Some(id))?;
        if self.champion(name).as_ref() == Some(&id) {
            return Err(Fault::Wrong(format!(
                "{id} is the champion; it goes when a challenger is promoted"
            )));
        }
        let path = self
            .folder(name)?
            .join("entries")
            .join(format!("{id}.entry"));
        fs::remove_file(&path).map_err(broken(&path))?;
        let packages = self
            .entries(name)?
            .into_iter()
            .filter_map(|(_, e)| e.package);
        let keep = packages
            .flat_map(|package| package.model_hashes())
            .collect();
        self.sweep(name, "models", &keep)
    }

    /// Drops models of earlier searches when there are more than [`MAX_JOBS`].
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn sweep_jobs(&self, name: &str, keep: &BTreeSet<Hash>) -> Result<(), Fault> {
        let folder = self.folder(name)?.join("jobs");
        let number = fs::read_dir(&folder).map_or(0, Iterator::count);
        if number > MAX_JOBS {
            self.sweep(name, "jobs", keep)
        } else {
            Ok(())
        }
    }

    /// Removes all models of a part but those to keep.
    fn sweep(&self, name: &str, part: &str, keep: &BTreeSet<Hash>) -> Result<(), Fault> {
        let folder = self.folder(name)?.join(part);
        let Ok(files) = fs::read_dir(&folder) else {
            return Ok(());
        };
        let kept = |path: &Path| {
            path.file_stem()
                .and_then(|stem| hash_of(stem.to_str()?))
                .is_some_and(|hash| keep.contains(&hash))
        };
        for file in files {
            let path = file.map_err(broken(&folder))?.path();
            if !kept(&path) {
                fs::remove_file(&path).map_err(broken(&path))?;
            }
        }
        Ok(())
    }

    /// The champion's id.
    pub fn champion(&self, name: &str) -> Option<String> {
        let text = fs::read_to_string(self.folder(name).ok()?.join("champion")).ok()?;
        Some(text.trim().to_owned())
    }

    /// Makes an entry champion.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn put_champion(&self, name: &str, id: &str) -> Result<(), Fault> {
        put(
            &self.folder(name)?.join("champion"),
            format!("{id}\n").as_bytes(),
        )
    }

    /// An entry by its id or the beginning of it; the champion without one.
    ///
    /// # Errors
    /// None, or several.
    pub fn entry(&self, name: &str, id: Option<&str>) -> Result<(String, Entry), Fault> {
        let all = self.entries(name)?;
        let wanted = match id {
            Some(id) => id.to_owned(),
            None => self.champion(name).ok_or_else(|| {
                Fault::Missing(format!(
                    "`{name}` has no model yet; `fairway forecast train {name}` makes one"
                ))
            })?,
        };
        let mut found = all
            .into_iter()
            .filter(|(id, _)| id.starts_with(&wanted) && !wanted.is_empty());
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            (Some(_), Some(_)) => Err(Fault::Wrong(format!(
                "several models of `{name}` begin with {wanted}"
            ))),
            (None, _) => Err(Fault::Missing(format!(
                "`{name}` has no model {wanted}; `fairway forecast model list {name}` shows them"
            ))),
        }
    }
}

/// Writes a file beside its place and renames it, so that it is there whole or not at all.
fn put(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(broken(folder))?;
    let beside = path.with_extension("part");
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(broken(&beside))?;
    fs::rename(&beside, path).map_err(broken(path))?;
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(broken(folder))
}
