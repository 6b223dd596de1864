//! A port that cannot be bound in, a sentence that names who has it and the flag that moves ours out. Linux's
//! `/proc` is read; nothing is changed.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

/// Why a face could not be bound, most often because its port is in use, and what to do.
pub(crate) fn port_in_use(address: SocketAddr, flag: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            let owner = match find(address.port()) {
                Some(Owner { pid, command }) => format!("{command} (pid {pid})"),
                None => "another process".to_owned(),
            };
            format!(
                "{address} is in use by {owner}: stop it, or choose another port with {flag} ADDR (port 0 picks a free one)"
            )
        }
        io::ErrorKind::PermissionDenied => format!(
            "{address} needs permission: `sudo setcap cap_net_bind_service=+ep {}`, or choose a port from 1024 with {flag} ADDR",
            std::env::current_exe().map_or_else(|_| "thingstead".to_owned(), |exe| exe.display().to_string())
        ),
        io::ErrorKind::AddrNotAvailable => {
            format!("{address} is no address of this machine: choose one that is with {flag} ADDR")
        }
        _ => format!("{address} cannot be bound ({error}): choose another address with {flag} ADDR"),
    }
}

struct Owner {
    pid: u32,
    command: String,
}

/// The process that listens on a port, if we may see it.
fn find(port: u16) -> Option<Owner> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .find_map(|table| listening_inode(&table, port))?;
    let wanted = format!("socket:[{inode}]");
    std::fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let mut open = std::fs::read_dir(entry.path().join("fd")).ok()?.flatten();
        open.any(|fd| std::fs::read_link(fd.path()).is_ok_and(|to| to.as_os_str() == wanted.as_str()))
            .then(|| Owner { pid, command: command(&entry.path()) })
    })
}

fn command(process: &Path) -> String {
    let words = std::fs::read(process.join("cmdline")).unwrap_or_default();
    let words: Vec<_> = words
        .split(|byte| *byte == 0)
        .take(4)
        .map(String::from_utf8_lossy)
        .filter(|w| !w.is_empty())
        .collect();
    if words.is_empty() {
        return std::fs::read_to_string(process.join("comm")).unwrap_or_default().trim().to_owned();
    }
    format!("`{}`", words.join(" "))
}

/// The inode of the socket that listens on a port, in a table of `/proc/net/tcp`.
fn listening_inode(table: &str, port: u16) -> Option<u64> {
    const LISTEN: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace();
        let (_, local_port) = fields.nth(1)?.rsplit_once(':')?;
        let state = fields.nth(1)?;
        let inode = fields.nth(5)?.parse().ok()?;
        (state == LISTEN && u16::from_str_radix(local_port, 16) == Ok(port)).then_some(inode)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listening_socket_is_found_in_the_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:22B3 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 111 1 x 100\n\
             1: 0100007F:22B3 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 x 100\n";
        assert_eq!(listening_inode(table, 8883), Some(222));
        assert_eq!(listening_inode(table, 8884), None);
        assert_eq!(listening_inode("", 8883), None);
    }

    #[test]
    fn a_port_in_use_is_named_with_its_owner_and_the_flag() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = taken.local_addr().expect("an address");
        let error = std::net::TcpListener::bind(address).expect_err("taken");
        let text = port_in_use(address, "--mqtt", &error);
        assert!(text.contains(&format!("(pid {})", std::process::id())), "{text}");
        assert!(text.contains("--mqtt ADDR"), "{text}");
    }
}
