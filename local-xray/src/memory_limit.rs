//! How much memory the system allows this process, as containers and services are given a bound of their own.
//!
//! Only Linux tells, through the control groups that the process is in: any of them, up to the root, may set a limit. A
//! process that goes beyond is killed, so what has no explicit bound here takes its share of this one.

use std::fs;
use std::path::{Component, Path};

/// Where the control groups are mounted.
const GROUPS: &str = "/sys/fs/cgroup";

/// The bytes that this process may take; `None` when nothing sets a limit.
pub(crate) fn memory_limit() -> Option<u64> {
    let membership = fs::read_to_string("/proc/self/cgroup").ok()?;
    smallest_limit(&membership, |file| fs::read_to_string(Path::new(GROUPS).join(file)).ok())
}

/// The smallest limit among the groups of a process, as `/proc/self/cgroup` names them, and all groups around these.
fn smallest_limit(membership: &str, read: impl Fn(&Path) -> Option<String>) -> Option<u64> {
    let limits = membership.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, group) = (fields.next()?, fields.next()?);
        let (folder, file) = match controllers {
            "" => ("", "memory.max"),
            _ if controllers.split(',').any(|it| it == "memory") => ("memory", "memory.limit_in_bytes"),
            _ => return None,
        };
        // A container sees its own group as the root, whatever the group is called outside.
        let group: &Path = Path::new(group.trim_start_matches('/'));
        let is_inside = !group.components().any(|part| part == Component::ParentDir);
        let around = group.ancestors().filter(|_| is_inside).chain([Path::new("")]);
        // Where the file is not there or says `max`, the group sets none.
        around.filter_map(|group| read(&Path::new(folder).join(group).join(file))?.trim().parse().ok()).min()
    });
    // The older kind of group says in this way that there is none.
    limits.min().filter(|limit| *limit < 1 << 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_limit_up_to_the_root_counts() {
        let check = |membership: &str, files: &[(&str, &str)], expected: Option<u64>| {
            let read = |file: &Path| {
                let content = files.iter().find(|(name, _)| Path::new(name) == file);
                content.map(|(_, content)| format!("{content}\n"))
            };
            assert_eq!(smallest_limit(membership, read), expected, "{membership:?} {files:?}");
        };
        check("0::/\n", &[("memory.max", "201326592")], Some(201_326_592));
        check("0::/\n", &[("memory.max", "max")], None);
        check("0::/\n", &[], None);
        check("0::/a/b\n", &[("a/memory.max", "7"), ("a/b/memory.max", "max")], Some(7));
        check("0::/a/b\n", &[("a/memory.max", "7"), ("a/b/memory.max", "5"), ("memory.max", "9")], Some(5));
        // From outside of the container's own view.
        check("0::/../other\n", &[("memory.max", "7"), ("../other/memory.max", "5")], Some(7));
        // The older kind, beside the newer one, and a name that does not exist inside the container.
        let older = "4:cpu,cpuacct:/docker/1\n3:memory:/docker/1\n0::/docker/1\n";
        check(older, &[("memory/memory.limit_in_bytes", "7"), ("cpu/memory.limit_in_bytes", "5")], Some(7));
        check(older, &[("memory/docker/1/memory.limit_in_bytes", "5"), ("memory/memory.limit_in_bytes", "7")], Some(5));
        check(older, &[("memory/memory.limit_in_bytes", "9223372036854771712")], None);
        check("nonsense", &[("memory.max", "7")], None);
    }
}
