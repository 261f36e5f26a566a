use std::{
    env,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// The command for one of PostgreSQL's programs, with an environment that no `PG…` variable, locale
/// or personal settings file of the caller reaches.
///
/// # Errors
/// If the program is not installed.
pub fn program(name: &str) -> io::Result<Command> {
    let folder = folder_with(name)?;
    let mut command = Command::new(folder.join(name));
    command.env_clear().env("LC_ALL", "C");
    if let Some(path) = env::var_os("PATH") {
        command.env("PATH", path);
    }
    Ok(command)
}

/// Runs a command to its end and answers what it printed.
pub(super) fn run(command: &mut Command) -> io::Result<String> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let program = command.get_program().to_string_lossy().into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(io::Error::other(format!("{program}: {}: {complaint}", output.status)))
}

/// `pg_config` tells the folder of the newest installation, if its development files are there.
/// Debian keeps the servers' programs outside of PATH, in a folder for each version.
fn folder_with(name: &str) -> io::Result<PathBuf> {
    from_pg_config()
        .into_iter()
        .chain(debian_versions(Path::new("/usr/lib/postgresql")))
        .chain(env::var_os("PATH").iter().flat_map(env::split_paths))
        .find(|folder| folder.join(name).is_file())
        .ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, format!("PostgreSQL's {name} is not installed"))
        })
}

fn from_pg_config() -> Option<PathBuf> {
    let folder = run(Command::new("pg_config").arg("--bindir")).ok()?;
    Some(PathBuf::from(folder))
}

/// The newest version first.
fn debian_versions(root: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<u32> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable_by(|left, right| right.cmp(left));
    versions
        .into_iter()
        .map(|version| root.join(version.to_string()).join(OsStr::new("bin")))
        .collect()
}
