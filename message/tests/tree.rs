//! The subscription tree against a plain list of patterns: random changes and topics in, the same subscribers expected out.

use std::collections::BTreeMap;

use message::{Dialect, Tree, pattern_matches};
use proptest::prelude::*;

const DIALECTS: [Dialect; 2] = [Dialect::Aws, Dialect::Standard];

type Model = BTreeMap<(String, u64), u32>;

#[derive(Clone, Debug)]
enum Change {
    Insert(String, u64, u32),
    Remove(String, u64),
}

fn level() -> impl Strategy<Value = String> {
    prop_oneof![6 => "[abc]", 1 => Just(String::new()), 1 => Just("$s".to_owned()), 1 => "[ab]{2}", 1 => "ä|devicewithalongname"]
}

fn topic() -> impl Strategy<Value = String> {
    prop::collection::vec(level(), 1..6).prop_map(|levels| levels.join("/"))
}

fn pattern() -> impl Strategy<Value = String> {
    let wild = prop_oneof![3 => level(), 1 => Just("+".to_owned())];
    (prop::collection::vec(wild, 1..6), any::<bool>()).prop_map(|(mut levels, hash)| {
        if hash {
            levels.pop();
            levels.push("#".to_owned());
        }
        levels.join("/")
    })
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        2 => (pattern(), 0u64..4, any::<u32>()).prop_map(|(pattern, key, value)| Change::Insert(pattern, key, value)),
        1 => (pattern(), 0u64..4).prop_map(|(pattern, key)| Change::Remove(pattern, key)),
    ]
}

fn expected(model: &Model, topic: &str, dialect: Dialect) -> Vec<(u64, u32)> {
    let matching = model.iter().filter(|((pattern, _), _)| pattern_matches(pattern, topic, dialect));
    let mut found: Vec<_> = matching.map(|((_, key), value)| (*key, *value)).collect();
    found.sort_unstable();
    found
}

fn found(tree: &Tree<u32>, topic: &str) -> Vec<(u64, u32)> {
    let mut found = Vec::new();
    tree.for_each_match(topic, |key, value| found.push((key, *value)));
    found.sort_unstable();
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_tree_agrees_with_every_single_pattern_and_a_snapshot_never_changes(
        changes in prop::collection::vec(change(), 1..80),
        snapshot_after in 0usize..80,
        topics in prop::collection::vec(topic(), 1..20),
    ) {
        for dialect in DIALECTS {
            let mut tree = Tree::new(dialect);
            let mut model = Model::new();
            let mut snapshot = (tree.clone(), model.clone());
            for (at, change) in changes.iter().enumerate() {
                if at == snapshot_after {
                    snapshot = (tree.clone(), model.clone());
                }
                match change.clone() {
                    Change::Insert(pattern, key, value) => {
                        let replaced = tree.insert(&pattern, key, value);
                        prop_assert_eq!(replaced, model.insert((pattern, key), value));
                    }
                    Change::Remove(pattern, key) => {
                        prop_assert_eq!(tree.remove(&pattern, key), model.remove(&(pattern, key)));
                    }
                }
            }
            for (tree, model) in [(tree, model), snapshot] {
                prop_assert_eq!(tree.len(), model.len());
                for topic in &topics {
                    let expected = expected(&model, topic, dialect);
                    prop_assert_eq!(tree.any_match(topic), !expected.is_empty(), "{}", topic);
                    prop_assert_eq!(found(&tree, topic), expected, "{}", topic);
                }
            }
        }
    }

    #[test]
    fn wide_nodes_agree_with_every_single_pattern(
        inserted in prop::collection::vec(0u32..2000, 0..1500),
        removed in prop::collection::vec(0u32..2000, 0..1500),
    ) {
        let mut tree = Tree::new(Dialect::Aws);
        let mut model = Model::new();
        let pattern = |number: u32| match number % 3 {
            0 => format!("w/{number}/+"),
            1 => format!("w/{number}"),
            _ => format!("w/{number}/#"),
        };
        for number in &inserted {
            tree.insert(&pattern(*number), 1, *number);
            model.insert((pattern(*number), 1), *number);
        }
        let (snapshot, old) = (tree.clone(), model.clone());
        for number in &removed {
            prop_assert_eq!(tree.remove(&pattern(*number), 1), model.remove(&(pattern(*number), 1)));
        }
        prop_assert_eq!(tree.len(), model.len());
        for (tree, model) in [(tree, model), (snapshot, old)] {
            for number in 0..2000 {
                let expected: Vec<_> = model.get(&(pattern(number), 1)).map(|value| (1, *value)).into_iter().collect();
                let topic = if number % 3 == 1 { format!("w/{number}") } else { format!("w/{number}/x") };
                prop_assert_eq!(found(&tree, &topic), expected);
            }
        }
    }

    #[test]
    fn any_text_at_all_is_survived(patterns in prop::collection::vec("[a/+#$\u{e4}]{0,12}", 0..20), topic in "[a/$\u{e4}]{0,12}") {
        for dialect in DIALECTS {
            let mut tree = Tree::new(dialect);
            let mut model = Model::new();
            for pattern in &patterns {
                tree.insert(pattern, 1, 2);
                model.insert((pattern.clone(), 1), 2);
            }
            prop_assert_eq!(found(&tree, &topic), expected(&model, &topic, dialect));
            for pattern in &patterns {
                prop_assert_eq!(tree.remove(pattern, 1), model.remove(&(pattern.clone(), 1)));
            }
            prop_assert!(tree.is_empty());
        }
    }
}

#[test]
fn the_deepest_topic_of_mqtt_overflows_no_stack() {
    let deepest = "/".repeat(65_535);
    let run = move || {
        let mut tree = Tree::new(Dialect::Standard);
        // Each pattern branches off the one before, so that there is a node at every depth tried.
        for levels in (1..65_535).step_by(97) {
            tree.insert(deepest.get(..levels).unwrap_or_default(), 1, levels);
            tree.insert(&format!("{}+", deepest.get(..levels).unwrap_or_default()), 2, levels);
        }
        tree.insert(&format!("{}#", deepest.get(..65_534).unwrap_or_default()), 3, 0);
        let snapshot = tree.clone();
        tree.insert(&deepest, 4, 0);
        let mut keys = Vec::new();
        tree.for_each_match(&deepest, |key, _| keys.push(key));
        keys.sort_unstable();
        assert_eq!(keys, [3, 4]);
        assert_eq!(tree.remove(&deepest, 4), Some(0));
        (tree.len(), snapshot.len())
    };
    // Far below what recursion over 1,352 nodes or more would need in a debug build.
    let thread = std::thread::Builder::new().stack_size(128 * 1024).spawn(run).expect("a thread starts");
    assert_eq!(thread.join().expect("the stack is enough"), (1353, 1353));
}

#[test]
fn a_chain_with_a_node_at_every_level_is_dropped_without_recursion() {
    let run = || {
        let mut tree = Tree::new(Dialect::Standard);
        let mut pattern = String::new();
        for _ in 0..4000 {
            pattern.push('a');
            tree.insert(&pattern, 1, ());
            pattern.push('/');
        }
        let snapshot = tree.clone();
        tree.insert("a/b", 1, ());
        drop(tree);
        assert!(snapshot.any_match(pattern.strip_suffix('/').unwrap_or_default()));
    };
    let thread = std::thread::Builder::new().stack_size(128 * 1024).spawn(run).expect("a thread starts");
    thread.join().expect("the stack is enough");
}
