//! Finds the rules of the UA-Parser project, which ship inside the `uaparser` package, and puts them where the code
//! embeds them from. So no copy of that file is kept here, and it is always the one that the library was tested with.
//!
//! `TIDINGS_UA_REGEXES` names another file, for builds where `cargo metadata` cannot be asked.

use std::path::{Path, PathBuf};
use std::process::Command;

const PATH_VARIABLE: &str = "TIDINGS_UA_REGEXES";
const PACKAGE: &str = "uaparser";
const PLACE_IN_PACKAGE: &str = "src/core/regexes.yaml";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=Cargo.lock");
    println!("cargo:rerun-if-env-changed={PATH_VARIABLE}");
    if let Err(fault) = embed() {
        println!("cargo::error={fault}; set {PATH_VARIABLE} to the path of a regexes.yaml of the UA-Parser project");
    }
}

fn embed() -> Result<(), String> {
    let rules = match std::env::var_os(PATH_VARIABLE) {
        Some(path) => PathBuf::from(path),
        // Offline first: what was fetched to compile is enough, except where development dependencies were never needed.
        None => find(&["--offline"]).or_else(|_| find(&[]))?,
    };
    println!("cargo:rerun-if-changed={}", rules.display());
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    std::fs::copy(&rules, Path::new(&out).join("regexes.yaml")).map_err(|fault| format!("cannot read {}: {fault}", rules.display()))?;
    Ok(())
}

/// The rule file inside the package, as cargo tells where the package is.
fn find(more: &[&str]) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = std::env::var("TARGET").map_err(|fault| format!("TARGET: {fault}"))?;
    let answer = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &target])
        .args(more)
        .output()
        .map_err(|fault| format!("cannot run cargo metadata: {fault}"))?;
    if !answer.status.success() {
        return Err(format!("cargo metadata failed: {}", String::from_utf8_lossy(&answer.stderr).trim().replace('\n', " ")));
    }
    let metadata: serde_json::Value = serde_json::from_slice(&answer.stdout).map_err(|fault| format!("cargo metadata: {fault}"))?;
    let package = metadata["packages"].as_array().into_iter().flatten().find(|package| package["name"] == PACKAGE);
    let manifest = package.and_then(|package| package["manifest_path"].as_str()).ok_or("cargo metadata does not list uaparser")?;
    Ok(Path::new(manifest).with_file_name("").join(PLACE_IN_PACKAGE))
}
