//! Writing files so that a reader never meets half of one.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

/// How a temporary file's name begins; that of the file that it is to become follows.
pub const TEMPORARY: &str = ".writing-";

/// No file here takes so long to write: a temporary file as old as this is of a process that was killed.
const ABANDONED: Duration = Duration::from_secs(60);

/// Writes a file whole or not at all, making its folder if need be: to a temporary file beside it, which then takes
/// its name. Takes away what a process that was killed while writing the same file has left.
///
/// # Errors
///
/// Names the file.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<()> {
    let write = || {
        let file = write_beside(path, content)?;
        file.persist(path)?;
        sync_folder(folder_of(path))
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Writes several files of a folder: each as [`write_whole`] does, and none takes its name before all are written.
///
/// # Errors
///
/// Names the file.
pub fn write_together(folder: &Path, files: &[(&str, &[u8])]) -> Result<()> {
    let paths = || files.iter().map(|(name, _)| folder.join(name));
    let written = paths().zip(files).map(|(path, (_, content))| {
        let file = match path.is_dir() {
            true => Err(io::Error::other("it is a folder")),
            false => write_beside(&path, content),
        };
        file.with_context(|| format!("cannot write {}", path.display()))
    });
    let written: Vec<NamedTempFile> = written.collect::<Result<_>>()?;
    for (path, file) in paths().zip(written) {
        let persisted = file.persist(&path);
        persisted.with_context(|| format!("cannot write {}", path.display()))?;
    }
    sync_folder(folder).with_context(|| format!("cannot write {}", folder.display()))
}

/// A temporary file beside `path` with this content, to take its name.
fn write_beside(path: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let directory = folder_of(path);
    fs::create_dir_all(directory)?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Temporary files are private by default; this one is to be read like any other.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let prefix = format!("{TEMPORARY}{name}-");
    remove_abandoned(directory, &prefix)?;
    let mut file = builder.prefix(&prefix).tempfile_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn folder_of(path: &Path) -> &Path {
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    directory.unwrap_or(Path::new("."))
}

/// Makes sure that the names in a folder outlast a power failure. Only Unix lets a folder be opened for that.
fn sync_folder(directory: &Path) -> io::Result<()> {
    if cfg!(unix) {
        fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}

fn remove_abandoned(directory: &Path, prefix: &str) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            // Its writer may have renamed it by now.
            let written = entry.metadata().and_then(|metadata| metadata.modified());
            let age = written.ok().and_then(|written| written.elapsed().ok());
            if age.is_some_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn what_a_killed_process_left_goes_and_what_another_writes_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("result.json");
        let left = |name: &str, age: u64| {
            let left = directory.path().join(name);
            let file = fs::File::create(&left).unwrap();
            let time = SystemTime::now() - Duration::from_secs(age);
            file.set_modified(time).unwrap();
            left
        };
        let abandoned = left(".writing-result.json-abc", 3_600);
        let in_work = left(".writing-result.json-def", 1);
        let of_another = left(".writing-other.json-abc", 3_600);
        write_whole(&path, b"{}").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"{}");
        assert!(!abandoned.exists() && in_work.exists() && of_another.exists());
    }

    #[test]
    fn files_that_belong_together_are_written_all_or_none() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("new");
        write_together(&folder, &[("a", b"1"), ("b", b"2")]).unwrap();
        assert_eq!(fs::read(folder.join("b")).unwrap(), b"2");
        fs::create_dir(folder.join("c")).unwrap();
        let error = write_together(&folder, &[("a", b"3"), ("c", b"4")]).unwrap_err();
        assert!(format!("{error:#}").contains("it is a folder"), "{error:#}");
        assert_eq!(fs::read(folder.join("a")).unwrap(), b"1");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 3, "nothing is left");
    }
}
