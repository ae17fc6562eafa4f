//! A server of files: it knows a folder and how a file's name tells its type, and nothing of the page.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path};
use std::thread;

use tempfile::TempDir;

/// Where the folder is on its host.
const PLACE: &str = "/some/folder/";

/// A folder that is served until the test ends.
pub struct Folder {
    pub address: String,
    _files: TempDir,
}

impl Folder {
    /// Serves files.
    pub fn serve(files: &[(&str, Vec<u8>)]) -> Self {
        let folder = TempDir::new().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}{PLACE}", listener.local_addr().unwrap());
        let path = folder.path().to_owned();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let path = path.clone();
                // A browser opens connections before it knows what to ask.
                thread::spawn(move || answer(stream, &path));
            }
        });
        Self {
            address,
            _files: folder,
        }
    }
}

/// Answers one request; a browser that goes away gets no answer.
fn answer(mut stream: TcpStream, folder: &Path) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let first = lines.next()?.ok()?;
    lines
        .take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()))
        .count();
    let path = first.strip_prefix("GET ")?.split([' ', '?']).next()?;
    let (status, kind, content) = match path.strip_prefix(PLACE).and_then(|name| read(folder, name))
    {
        Some((kind, content)) => ("200 OK", kind, content),
        None => ("404 Not Found", "text/plain", Vec::new()),
    };
    let length = content.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), &content].concat()).ok()
}

fn read(folder: &Path, name: &str) -> Option<(&'static str, Vec<u8>)> {
    let name = Path::new(if name.is_empty() { "index.html" } else { name });
    let inside = name
        .components()
        .all(|it| matches!(it, Component::Normal(_)));
    let kind = match name.extension()?.to_str()? {
        "html" => "text/html",
        "css" => "text/css",
        "js" => "text/javascript",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
    inside
        .then(|| fs::read(folder.join(name)).ok())
        .flatten()
        .map(|content| (kind, content))
}
