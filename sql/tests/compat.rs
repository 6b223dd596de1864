//! COMPAT.md's list of functions is the code's. `BLESS=1` writes it.

use std::path::Path;

use sql::{Service, Version, rows};

const BEGIN: &str = "<!-- functions: written by `BLESS=1 cargo test -p sql --test compat` -->";
const END: &str = "<!-- end of functions -->";

#[test]
fn compat_lists_every_function_of_the_language() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../COMPAT.md");
    let page = std::fs::read_to_string(&path).expect("COMPAT.md");
    let (before, rest) = page.split_once(BEGIN).expect("the mark before the functions");
    let (_, after) = rest.split_once(END).expect("the mark after the functions");
    let wanted = format!("{before}{BEGIN}\n\n{}\n{END}{after}", list());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, wanted).expect("a writable COMPAT.md");
    } else {
        assert!(page == wanted, "COMPAT.md is behind the code: BLESS=1 cargo test -p sql --test compat");
    }
}

fn list() -> String {
    let named = |version: Version, wanted: fn(&Service) -> bool| {
        let rows = rows().into_iter().filter(move |row| row.since == version && wanted(&row.service));
        rows.map(|row| row.name).collect::<Vec<_>>().join(" · ")
    };
    let is_served = |service: &Service| matches!(service, Service::Served);
    let is_asked = |service: &Service| matches!(service, Service::Asked);
    let partly = rows().into_iter().filter_map(|row| match row.service {
        Service::Partly(what) => Some(format!("`{}` ({what})", row.name)),
        _ => None,
    });
    let asked = [Version::V2015, Version::V2016].map(|version| named(version, is_asked)).join(" · ");
    format!(
        "**Served from 2015-10-08 on**: {}.\n\n**Served from 2016-03-23 on**: {}.\n\n**Ask the outside**: {asked}.\n\n\
         **Served but for what stands behind them**: {}.\n",
        named(Version::V2015, is_served),
        named(Version::V2016, is_served),
        partly.collect::<Vec<_>>().join("; "),
    )
}
