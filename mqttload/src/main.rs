//! In: words of a command line. Out: one line for people and one JSON object with what was measured. See README.md.

mod args;
mod codec;
mod engine;
mod hist;
mod net;
mod proc;
mod report;
mod scenario;

fn main() {
    let mut args = match args::Args::parse(std::env::args().skip(1)) {
        Ok(a) => a,
        Err(e) => {
            eprintln!("mqttload: {e}\n\n{}", args::USAGE);
            std::process::exit(2);
        }
    };
    proc::raise_fd_limit();
    match scenario::run(&mut args) {
        Ok(report) => {
            eprintln!("{}", report.text());
            println!("{}", report.json());
        }
        Err(e) => {
            eprintln!("mqttload: {e}");
            std::process::exit(1);
        }
    }
}
