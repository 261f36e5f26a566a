use std::{
    env, io,
    path::{Path, PathBuf},
};

/// Test runners tell where the binaries of the tested package are.
const TOLD: [&str; 2] = ["CARGO_BIN_EXE_meridian", "NEXTEST_BIN_EXE_meridian"];

/// The built program: where the test runner says it is, or beside the running executable, which lies
/// in `target/<profile>` or, for tests, in `target/<profile>/deps`.
pub(super) fn meridian() -> io::Result<PathBuf> {
    if let Some(told) = TOLD.iter().find_map(env::var_os) {
        return Ok(PathBuf::from(told));
    }
    let running = env::current_exe()?;
    running.ancestors().skip(1).take(2).map(beside).find(|path| path.is_file()).ok_or_else(|| {
        let reason = format!("there is no program meridian beside {}", running.display());
        io::Error::new(io::ErrorKind::NotFound, reason)
    })
}

fn beside(folder: &Path) -> PathBuf {
    folder.join(format!("meridian{}", env::consts::EXE_SUFFIX))
}
