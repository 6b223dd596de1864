//! In: process ids. Out: what the kernel says of their CPU time and memory. Does not start processes.

use std::fs;

#[derive(Clone, Copy, Default)]
pub struct Usage {
    pub cpu_s: f64,
    pub rss_kib: u64,
    pub peak_kib: u64,
}

/// user + system seconds of a whole thread group.
pub fn cpu_seconds(pid: u32) -> f64 {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return 0.0;
    };
    // The command name may hold spaces and parentheses: count from the last ')'.
    let rest = stat.rsplit_once(')').map_or("", |p| p.1);
    let mut f = rest.split_ascii_whitespace().skip(11);
    let mut next = || f.next().and_then(|v| v.parse::<f64>().ok()).unwrap_or(0.0);
    let ticks = next() + next();
    ticks / unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64
}

fn status_kib(pid: u32, key: &str) -> u64 {
    let Ok(s) = fs::read_to_string(format!("/proc/{pid}/status")) else {
        return 0;
    };
    s.lines().find_map(|l| l.strip_prefix(key)?.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Sum over the given processes.
pub fn usage(pids: &[u32]) -> Usage {
    pids.iter().fold(Usage::default(), |u, &pid| Usage {
        cpu_s: u.cpu_s + cpu_seconds(pid),
        rss_kib: u.rss_kib + status_kib(pid, "VmRSS:"),
        peak_kib: u.peak_kib + status_kib(pid, "VmHWM:"),
    })
}

pub fn raise_fd_limit() {
    unsafe {
        let mut r = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut r);
        let want = libc::rlimit { rlim_cur: 1 << 20, rlim_max: (1 << 20).max(r.rlim_max) };
        if libc::setrlimit(libc::RLIMIT_NOFILE, &want) != 0 {
            r.rlim_cur = r.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &r);
        }
    }
}
