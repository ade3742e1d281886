//! Backup of a stopped member: its database, its ledger folder and its configuration in one file, each part with its hash,
//! and all of them with one. Private keys are never in it.
//!
//! Invariant: a restore that ends well has written what the backup read, byte for byte; one that does not has written
//! nothing under the name that was asked for.

use crate::config::Config;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

/// First bytes of a backup.
const MAGIC: &[u8] = b"FAIRWAY BACKUP\n\x01";
/// First byte of a file's part, and of the end.
const FILE: u8 = b'F';
const END: u8 = b'E';
/// Longest path in a backup, in bytes.
const MAX_PATH: usize = 1_024;
/// Most files of a backup.
const MAX_FILES: usize = 1_000_000;
/// Bytes that are copied at a time.
const CHUNK: usize = 64 * 1024;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// SHA-256 over the backup up to its last 32 bytes, which are this hash.
    pub hash: [u8; 32],
}

/// Counts and hashes what passes through.
struct Hashed<T> {
    inner: T,
    hasher: Sha256,
}

impl<T> Hashed<T> {
    fn new(inner: T) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
        }
    }

    fn hash(&self) -> [u8; 32] {
        self.hasher.clone().finalize().into()
    }
}

impl<W: Write> Hashed<W> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.inner.write_all(bytes)
    }
}

impl<R: Read> Hashed<R> {
    fn get<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes)?;
        self.hasher.update(bytes);
        Ok(bytes)
    }
}

/// What of a member's folder is kept: paths relative to it.
fn parts(config: &Config) -> Result<Vec<PathBuf>, String> {
    let database = config.database.url.strip_prefix("sqlite:").ok_or(
        "the database is not a SQLite file: back it up with its own tools (pg_dump) and the ledger folder by copying it while the member is stopped",
    )?;
    let database = database.trim_start_matches("//");
    let database = database.split('?').next().unwrap_or(database);
    let mut out = vec![PathBuf::from(database)];
    for ending in ["-wal", "-journal"] {
        out.push(PathBuf::from(format!("{database}{ending}")));
    }
    out.push(config.ledger.dir.clone());
    match out.iter().find(|path| !is_inside(path)) {
        None => Ok(out),
        Some(path) => Err(format!(
            "{} is outside the member's folder; a backup holds what lies below it",
            path.display()
        )),
    }
}

/// Whether a path leads down from where it begins and nowhere else.
fn is_inside(path: &Path) -> bool {
    let plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    !path.as_os_str().is_empty() && path.components().all(plain)
}

/// All files at or below a path, sorted; none when it does not exist.
fn files(root: &Path, path: &Path, out: &mut Vec<PathBuf>) -> io::Result<()> {
    let whole = root.join(path);
    let Ok(kind) = fs::symlink_metadata(&whole) else {
        return Ok(());
    };
    if kind.is_dir() {
        let mut names = Vec::new();
        for entry in fs::read_dir(&whole)? {
            names.push(entry?.file_name());
        }
        names.sort();
        for name in names {
            files(root, &path.join(name), out)?;
        }
    } else if kind.is_file() {
        out.push(path.to_path_buf());
    }
    Ok(())
}

/// Writes the backup of a stopped member. `config_file` is the file that `config` was read from.
///
/// # Errors
/// When the member runs, its data cannot be read, or the file exists.
pub fn backup(config: &Config, config_file: &Path, out: &Path) -> Result<Contents, String> {
    let _claim = crate::node::claim(config).map_err(|e| format!("{e}; stop it first"))?;
    let at = |path: &Path| {
        let path = path.display().to_string();
        move |e: io::Error| format!("{path}: {e}")
    };
    let root = config.path(Path::new(""));
    let name = config_file
        .file_name()
        .ok_or("the configuration has no file name")?;
    let mut list = vec![PathBuf::from(name)];
    for part in parts(config)? {
        files(&root, &part, &mut list).map_err(at(&part))?;
    }
    let file = File::create_new(out).map_err(at(out))?;
    let mut writer = Hashed::new(BufWriter::new(file));
    writer.put(MAGIC).map_err(at(out))?;
    let mut contents = Contents {
        files: 0,
        bytes: 0,
        hash: [0; 32],
    };
    for path in list {
        contents.bytes = contents
            .bytes
            .saturating_add(put_file(&mut writer, &root, &path).map_err(at(&path))?);
        contents.files = contents.files.saturating_add(1);
    }
    writer.put(&[END]).map_err(at(out))?;
    contents.hash = writer.hash();
    writer.put(&contents.hash).map_err(at(out))?;
    writer.inner.flush().map_err(at(out))?;
    writer.inner.get_ref().sync_all().map_err(at(out))?;
    Ok(contents)
}

fn put_file(writer: &mut Hashed<impl Write>, root: &Path, path: &Path) -> io::Result<u64> {
    let text = path
        .to_str()
        .filter(|text| text.len() <= MAX_PATH)
        .ok_or_else(|| io::Error::other("the name is too long or no text"))?;
    let mut reader = BufReader::new(File::open(root.join(path))?);
    let size = reader.get_ref().metadata()?.len();
    writer.put(&[FILE])?;
    writer.put(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes())?;
    writer.put(text.as_bytes())?;
    writer.put(&size.to_be_bytes())?;
    let (mut own, mut left) = (Sha256::new(), size);
    copy(&mut reader, &mut left, |bytes| {
        own.update(bytes);
        writer.put(bytes)
    })?;
    writer.put(&<[u8; 32]>::from(own.finalize()))?;
    Ok(size)
}

/// Hands on exactly `left` bytes in pieces.
fn copy(
    reader: &mut impl Read,
    left: &mut u64,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    while *left > 0 {
        let most = usize::try_from(*left).unwrap_or(CHUNK).min(CHUNK);
        let room = buffer.get_mut(..most).unwrap_or_default();
        let read = reader.read(room)?;
        if read == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        each(room.get(..read).unwrap_or_default())?;
        *left = left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
    }
    Ok(())
}

/// Restores a backup into a folder that does not exist yet. Everything is checked before the folder gets its name.
///
/// # Errors
/// When the backup is damaged, says where; or the folder exists.
pub fn restore(file: &Path, folder: &Path) -> Result<Contents, String> {
    if folder.exists() {
        return Err(format!(
            "{} exists; restore into a new folder",
            folder.display()
        ));
    }
    let mut part = folder.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let done = read_all(file, &part).and_then(|contents| {
        fs::rename(&part, folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        Ok(contents)
    });
    if done.is_err() {
        let _ = fs::remove_dir_all(&part);
    }
    done
}

fn read_all(file: &Path, part: &Path) -> Result<Contents, String> {
    let at = |e: io::Error| format!("{}: {e}", file.display());
    let input = File::open(file).map_err(at)?;
    fs::create_dir_all(part).map_err(|e| format!("{}: {e}", part.display()))?;
    let mut reader = Hashed::new(BufReader::new(input));
    let damaged = |what: &str| format!("{}: damaged: {what}", file.display());
    let head: [u8; MAGIC.len()] = reader.get().map_err(at)?;
    if head != MAGIC {
        return Err(format!("{}: no backup of this program", file.display()));
    }
    let mut contents = Contents {
        files: 0,
        bytes: 0,
        hash: [0; 32],
    };
    while contents.files < MAX_FILES {
        match reader.get::<1>().map_err(|e| damaged(&e.to_string()))? {
            [FILE] => {
                let bytes = take_file(&mut reader, part).map_err(|e| damaged(&e.to_string()))?;
                contents.files = contents.files.saturating_add(1);
                contents.bytes = contents.bytes.saturating_add(bytes);
            }
            [END] => {
                contents.hash = reader.hash();
                let said: [u8; 32] = reader.get().map_err(|e| damaged(&e.to_string()))?;
                let rest = reader.inner.read(&mut [0; 1]).map_err(at)?;
                return match (said == contents.hash, rest) {
                    (false, _) => Err(damaged("the hash over the whole differs")),
                    (true, 0) => Ok(contents),
                    (true, _) => Err(damaged("something stands behind the end")),
                };
            }
            [other] => return Err(damaged(&format!("{other:#04x} begins no part"))),
        }
    }
    Err(damaged("too many files"))
}

fn take_file(reader: &mut Hashed<impl Read>, part: &Path) -> io::Result<u64> {
    let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let length = usize::from(u16::from_be_bytes(reader.get()?));
    if length > MAX_PATH {
        return Err(wrong(format!("a name of {length} bytes")));
    }
    let mut name = vec![0; length];
    reader.inner.read_exact(&mut name)?;
    reader.hasher.update(&name);
    let name = String::from_utf8(name).map_err(|_| wrong("a name is no text".into()))?;
    if !is_inside(Path::new(&name)) {
        return Err(wrong(format!("{name:?} leads out of the folder")));
    }
    let size = u64::from_be_bytes(reader.get()?);
    let path = part.join(&name);
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    let mut out = BufWriter::new(File::create_new(&path)?);
    let (mut own, mut left) = (Sha256::new(), size);
    let Hashed { inner, hasher } = reader;
    copy(inner, &mut left, |bytes| {
        own.update(bytes);
        hasher.update(bytes);
        out.write_all(bytes)
    })?;
    out.flush()?;
    out.get_ref().sync_all()?;
    if reader.get::<32>()? != <[u8; 32]>::from(own.finalize()) {
        return Err(wrong(format!("the hash of {name} differs")));
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "member = \"US*TST\"\ngenesis = \"../genesis.toml\"\n[listen]\npeers = \"127.0.0.1:1\"\nstations = \"127.0.0.1:2\"\noperations = \"127.0.0.1:3\"\nledger = \"127.0.0.1:4\"\n";

    fn member(name: &str) -> (PathBuf, Config) {
        let root =
            std::env::temp_dir().join(format!("fairway-backup-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("member/ledger/store")).unwrap();
        for (file, text) in [
            ("fairway.toml", CONFIG),
            ("utility.db", "rows"),
            ("utility.db-wal", "more rows"),
            ("ledger/chain.id", "genesis"),
            ("ledger/store/blocks", "blocks"),
            ("keys/member.seed", "SECRET"),
        ] {
            let path = root.join("member").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let config = Config::read(&root.join("member/fairway.toml")).unwrap();
        (root, config)
    }

    #[test]
    fn a_backup_comes_back_byte_for_byte_and_without_keys() {
        let (root, config) = member("whole");
        let file = root.join("backup");
        let made = backup(&config, &root.join("member/fairway.toml"), &file).unwrap();
        assert_eq!(made.files, 5);
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"SECRET"));
        let found = restore(&file, &root.join("again")).unwrap();
        assert_eq!(found, made);
        for name in [
            "fairway.toml",
            "utility.db",
            "utility.db-wal",
            "ledger/chain.id",
            "ledger/store/blocks",
        ] {
            let (before, after) = (
                root.join("member").join(name),
                root.join("again").join(name),
            );
            assert_eq!(fs::read(before).unwrap(), fs::read(after).unwrap());
        }
        assert!(!root.join("again/keys").exists());
        let error = restore(&file, &root.join("again")).unwrap_err();
        assert!(error.contains("exists"), "{error}");
        let error = backup(&config, &root.join("member/fairway.toml"), &file).unwrap_err();
        assert!(error.contains("exists"), "{error}");
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn every_changed_byte_of_a_backup_is_found_and_nothing_is_left_behind() {
        let (root, config) = member("changed");
        let file = root.join("backup");
        backup(&config, &root.join("member/fairway.toml"), &file).unwrap();
        let bytes = fs::read(&file).unwrap();
        let place = root.join("changed");
        let check = |bytes: &[u8], what: &str| {
            fs::write(&place, bytes).unwrap();
            assert!(restore(&place, &root.join("again")).is_err(), "{what}");
            assert!(!root.join("again").exists() && !root.join("again.part").exists());
        };
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 4;
            check(&changed, &format!("byte {at}"));
        }
        check(&bytes[..bytes.len() - 1], "cut");
        check(&[bytes.as_slice(), b"x"].concat(), "extended");
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn what_cannot_be_backed_up_says_what_to_do() {
        let (root, mut config) = member("refused");
        let file = root.join("backup");
        let from = root.join("member/fairway.toml");
        let held = crate::node::claim(&config).unwrap();
        let error = backup(&config, &from, &file).unwrap_err();
        assert!(error.contains("stop it first"), "{error}");
        drop(held);
        config.database.url = "postgres://host/db".to_owned();
        let error = backup(&config, &from, &file).unwrap_err();
        assert!(error.contains("pg_dump"), "{error}");
        config.database.url = "sqlite:../other.db".to_owned();
        let error = backup(&config, &from, &file).unwrap_err();
        assert!(error.contains("outside the member's folder"), "{error}");
        fs::remove_dir_all(root).unwrap();
    }
}
