//! Nothing in, the served operations' descriptions out, as JSON on standard output.

fn main() {
    println!("{:#}", aws::describe());
}
