//! Match times of the subscription tree: 100,000 filters of 1,000 clients in, nanoseconds per topic out; it asserts nothing.
//! Run it with `cargo run --release -p message --example match_times`.

use std::{hint::black_box, time::Instant};

use message::{Dialect, Tree};

const TOPICS: usize = 10_000;
const ROUNDS: usize = 20;

fn main() {
    let mut tree: Tree<[u64; 2]> = Tree::new(Dialect::Aws);
    time("insert, nothing shared", 100_000, || {
        for number in 0..100_000 {
            let key = number as u64 % 1000;
            tree.insert(&filter(number), key, [key; 2]);
        }
    });
    let device = |number: usize| {
        let (site, line, device) = (number * 7 % 100, number % 10, number * 31 % 100);
        format!("f/site{site}/line{line}/dev{device}/t")
    };
    times(&tree, "topic with subscribers", device);
    times(&tree, "unrelated at the root", |number| format!("other/{number}/x/y"));
    times(&tree, "unrelated below the site", |number| format!("f/site{}/nothing/at/all", number % 100));

    let mut wide: Tree<[u64; 2]> = Tree::new(Dialect::Aws);
    for number in 0..100_000 {
        wide.insert(&format!("d/{number}/t"), 1, [0; 2]);
    }
    times(&wide, "one of 100,000 siblings", |number| format!("d/{}/t", number * 9));
    let mut number = 0;
    time("insert beside 100,000 siblings, all shared", 1000, || {
        for _ in 0..1000 {
            number += 1;
            let snapshot = wide.clone();
            wide.insert(&format!("d/new{number}/t"), 1, [0; 2]);
            black_box(&snapshot);
        }
    });
}

fn filter(number: usize) -> String {
    let (shape, site) = (number % 3, number / 3 % 100);
    let (line, device) = (number / 300 % 10, number / 300 % 334);
    match shape {
        0 => format!("f/site{site}/+/dev{device}/t"),
        1 => format!("f/site{site}/line{line}/+/t"),
        _ => format!("f/site{site}/line{line}/dev{device}/#"),
    }
}

fn times(tree: &Tree<[u64; 2]>, name: &str, topic: impl Fn(usize) -> String) {
    let topics: Vec<String> = (0..TOPICS).map(topic).collect();
    let mut found = 0usize;
    time(name, TOPICS * ROUNDS, || {
        for _ in 0..ROUNDS {
            for topic in &topics {
                tree.for_each_match(topic, |key, _| found = found.wrapping_add(black_box(key) as usize | 1));
            }
        }
    });
    let mut visits = 0usize;
    topics.iter().for_each(|topic| tree.for_each_match(topic, |_, _| visits += 1));
    println!("    {:.1} subscribers per topic", visits as f64 / TOPICS as f64);
}

#[expect(clippy::disallowed_methods, reason = "an example that measures needs the clock")]
fn time(name: &str, count: usize, mut run: impl FnMut()) {
    let start = Instant::now();
    run();
    println!("{name}: {} ns", start.elapsed().as_nanos() / count as u128);
}
