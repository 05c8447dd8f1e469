//! Compiles the references of voicestand-core once more, optimized as a release is, but with both of
//! the compiler's vectorizers switched off. Cargo has no such switch for a single package, so the
//! compiler is called here.
#![allow(clippy::expect_used, reason = "a build script answers by failing")]

use std::{env, path::PathBuf, process::Command};

const SOURCE: &str = "src/exported.rs";
const LIST: &str = "src/references.rs";
const REFERENCE: &str = "../core/src/dsp/kernels/reference.rs";

fn main() {
    for file in [SOURCE, LIST, REFERENCE] {
        println!("cargo:rerun-if-changed={file}");
    }
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let compiler = env::var_os("RUSTC").expect("cargo sets RUSTC");
    let target = env::var("TARGET").expect("cargo sets TARGET");
    // A Rust library is an archive of objects, and with another name a linker takes it for one.
    let status = Command::new(compiler)
        .args([
            "--edition=2024",
            "--crate-name=exported",
            "--crate-type=rlib",
        ])
        .args(["--target", &target])
        .args(["-Copt-level=3", "-Ccodegen-units=1", "-Cpanic=abort"])
        .args([
            "-Cno-vectorize-loops",
            "-Cno-vectorize-slp",
            "-Cembed-bitcode=no",
        ])
        .arg("-o")
        .arg(folder.join("libunvectorized_reference.a"))
        .arg(SOURCE)
        .status()
        .expect("the compiler runs");
    assert!(status.success(), "{SOURCE} does not compile");
    println!("cargo:rustc-link-search=native={}", folder.display());
    // Unbundled and without bitcode: link-time optimization would vectorize it after all.
    println!("cargo:rustc-link-lib=static:-bundle=unvectorized_reference");
}
