//! Tags on what may carry them.

use std::collections::BTreeMap;

use registry::{ErrorKind, NewGroup, NewThingType, Tagged, Tags};

use crate::house::{House, NOW_MS, group, pairs, scope};

const OPEN: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}"#;

fn tagged() -> (House, [Tagged; 3]) {
    let mut house = House::default();
    let tags = pairs(&[("cost", "7")]);
    house.change(|draft| {
        let kind = NewThingType { name: "pump".into(), tags: tags.clone(), ..NewThingType::default() };
        draft.create_type(&scope(), kind, NOW_MS)?;
        let plant = NewGroup { tags: tags.clone(), ..group("plant", None) };
        draft.create_group(&scope(), plant, NOW_MS)?;
        draft.create_policy(&scope(), "open", OPEN, tags.clone(), NOW_MS).map(|_| ())
    });
    let arns = ["thingtype/pump", "thinggroup/plant", "policy/open"].map(|tail| scope().arn(tail));
    (house, arns.map(|arn| Tagged::parse(&scope(), &arn).unwrap()))
}

#[test]
fn tags_are_added_replaced_and_removed() {
    let (mut house, all) = tagged();
    for what in &all {
        house.change(|draft| draft.tag(&scope(), what, &pairs(&[("cost", "8"), ("owner", "")])));
        let reopened = house.reopened();
        assert_eq!(reopened.tags(&scope(), what), Ok(&pairs(&[("cost", "8"), ("owner", "")])), "{what:?}");
        house.change(|draft| draft.untag(&scope(), what, &["cost".into(), "none".into()]));
        assert_eq!(house.reopened().tags(&scope(), what), Ok(&pairs(&[("owner", "")])), "{what:?}");
    }
}

#[test]
fn tags_go_with_their_resource() {
    let (mut house, all) = tagged();
    house.change(|draft| {
        draft.delete_group(&scope(), "plant", None)?;
        draft.create_group(&scope(), group("plant", None), NOW_MS).map(|_| ())
    });
    assert_eq!(house.registry.tags(&scope(), &all[1]), Ok(&Tags::new()));
    house.change(|draft| draft.delete_group(&scope(), "plant", None));
    assert_eq!(house.registry.tags(&scope(), &all[1]).unwrap_err().kind(), ErrorKind::NotFound);
    let refused = house.refusal(|draft| draft.tag(&scope(), &all[1], &pairs(&[("a", "b")])));
    assert_eq!(refused.kind(), ErrorKind::NotFound);
}

#[test]
fn keys_values_and_counts_are_checked() {
    let many = |count: usize| (0..count).map(|n| (format!("k{n}"), String::new())).collect::<Tags>();
    let check = |tags: Tags, expected: Option<ErrorKind>| {
        let (house, all) = tagged();
        let refused = house.registry.draft().tag(&scope(), &all[0], &tags).err();
        assert_eq!(refused.map(|error| error.kind()), expected, "{tags:?}");
    };
    check(many(49), None);
    check(pairs(&[("größe\u{a0}2", "b!")]), None);
    check(pairs(&[("NOWAY!", "")]), Some(ErrorKind::Invalid));
    check(pairs(&[("a\nb", "")]), Some(ErrorKind::Invalid));
    check(many(50), Some(ErrorKind::Limit));
    check(pairs(&[("Größe und _.:/=+-@ 1", "any ✓ value")]), None);
    check(pairs(&[("", "x")]), Some(ErrorKind::Invalid));
    check(pairs(&[("a*", "x")]), Some(ErrorKind::Invalid));
    check(pairs(&[("aws:mine", "x")]), Some(ErrorKind::Invalid));
    check(BTreeMap::from([("k".repeat(129), String::new())]), Some(ErrorKind::Invalid));
    check(BTreeMap::from([("k".repeat(128), "v".repeat(256))]), None);
    check(BTreeMap::from([("k".into(), "v".repeat(257))]), Some(ErrorKind::Invalid));
}

#[test]
fn things_and_certificates_carry_no_tags() {
    let check =
        |arn: &str, expected: bool| assert_eq!(Tagged::parse(&scope(), arn).is_ok(), expected, "{arn}");
    let id = "0123456789abcdef".repeat(4);
    check(&format!("arn:aws:iot:us-east-1:000000000000:cacert/{id}"), true);
    check(&format!("arn:aws:iot:us-east-1:000000000000:cert/{id}"), false);
    check("arn:aws:iot:us-east-1:000000000000:thing/pump", false);
    check("arn:aws:iot:us-east-1:111111111111:policy/open", false);
    check("arn:aws:iot:us-east-1:000000000000:policy/a b", false);
    check("policy/open", false);
    check("", false);
}
