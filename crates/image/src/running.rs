//! The file that a piece of the running program came from.

use std::fs::File;
use std::io;

/// Opens the file whose bytes are at this address: the executable, or the shared object that holds the slot.
///
/// The kernel's own list of mappings says which file that is. The executable is opened through
/// /proc/self/exe, which is the very file that runs even if another one has taken its name.
#[cfg(target_os = "linux")]
pub(crate) fn file_at(address: usize) -> io::Result<File> {
    let mapped = mapped(&std::fs::read("/proc/self/maps")?, address).ok_or(io::ErrorKind::NotFound)?;
    let running = "/proc/self/exe";
    if std::fs::read_link(running).is_ok_and(|exe| exe == mapped) {
        File::open(running)
    } else {
        File::open(mapped)
    }
}

/// Opens the running executable. Shared objects have to name their file.
#[cfg(not(target_os = "linux"))]
pub(crate) fn file_at(_address: usize) -> io::Result<File> {
    File::open(std::env::current_exe()?)
}

/// The path in the line whose range holds the address (proc_pid_maps(5)).
#[cfg(target_os = "linux")]
fn mapped(maps: &[u8], address: usize) -> Option<std::path::PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    maps.split(|byte| *byte == b'\n').find_map(|line| {
        let range = std::str::from_utf8(line.split(|byte| *byte == b' ').next()?).ok()?;
        let (start, end) = range.split_once('-')?;
        let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
        let path = line.get(line.iter().position(|byte| *byte == b'/')?..)?;
        let holds = (start..end).contains(&address);
        holds.then(|| std::ffi::OsStr::from_bytes(path).into())
    })
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_the_manual_says() {
        let maps = b"00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/dbus daemon\n\
                     00e03000-00e24000 rw-p 00000000 00:00 0           [heap]\n\
                     7f00-8000 r--p 00000000 00:1b 9   /lib/x.so (deleted)\n";
        let path = |address| mapped(maps, address).map(|path| path.into_os_string().into_string().unwrap());
        assert_eq!(path(0x0040_0000).as_deref(), Some("/usr/bin/dbus daemon"));
        assert_eq!(path(0x0045_1fff).as_deref(), Some("/usr/bin/dbus daemon"));
        assert_eq!(path(0x0045_2000), None);
        assert_eq!(path(0x00e0_3000), None, "no file");
        assert_eq!(path(0x7f01).as_deref(), Some("/lib/x.so (deleted)"));
        assert_eq!(mapped(b"nonsense", 0), None);
    }

    #[test]
    fn what_lies_on_the_heap_is_in_no_file() {
        let heap = Box::new(1_u8);
        let address = std::ptr::from_ref(heap.as_ref()).addr();
        assert_eq!(file_at(address).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
