//! In: the environment. Out: where the project, its build and its tools lie. Does not create anything.

use std::path::{Path, PathBuf};

pub(crate) struct Place {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

impl Place {
    pub(crate) fn find() -> Place {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.parent().unwrap_or(here).to_owned();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => root.join(folder),
            None => root.join("target"),
        };
        Place { root, target }
    }

    pub(crate) fn release_binary(&self) -> PathBuf {
        self.target.join("release/thingstead")
    }

    pub(crate) fn venv(&self) -> PathBuf {
        self.target.join("venv")
    }

    pub(crate) fn python(&self) -> PathBuf {
        self.venv().join("bin/python")
    }

    pub(crate) fn node(&self) -> PathBuf {
        self.target.join("node")
    }

    pub(crate) fn conformance(&self, file: &str) -> PathBuf {
        self.root.join("conformance").join(file)
    }
}
