//! Named pipes (FIFOs).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::files::without_waiting_or_links;

pub(crate) fn listen(path: &Path) -> io::Result<File> {
    if let Err(error) = mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR) {
        let error = io::Error::from(error);
        if error.kind() != io::ErrorKind::AlreadyExists {
            return Err(error);
        }
        if !fs::symlink_metadata(path)?.file_type().is_fifo() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "something that is not a named pipe is in its place; move it away",
            ));
        }
    }
    OpenOptions::new().read(true).write(true).open(path)
}

pub(crate) fn connect(path: &Path) -> io::Result<File> {
    let pipe = without_waiting_or_links(OpenOptions::new().write(true)).open(path)?;
    if pipe.metadata()?.file_type().is_fifo() {
        Ok(pipe)
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

pub(crate) fn write_now(mut pipe: &File, bytes: &[u8]) -> io::Result<()> {
    // A pipe takes up to PIPE_BUF bytes whole, and everything sent here is shorter.
    pipe.write(bytes).map(drop)
}
