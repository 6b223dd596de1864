//! Items of DynamoDB in, calls out; attribute values in, plain JSON out, and back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value as Json, json};

use super::{Call, JSON_1_0, Outside, by_target};

/// `PutItem`; the item's members are attribute values.
#[must_use]
pub fn put_item(table: &str, item: &Map<String, Json>) -> Call {
    let body = json!({ "TableName": table, "Item": item });
    by_target(Outside::DynamoDb, "PutItem", "DynamoDB_20120810.PutItem", JSON_1_0, &body)
}

/// `UpdateItem`, which sets these attributes of the item with this key and leaves the others.
#[must_use]
pub fn update_item(table: &str, key: &Map<String, Json>, set: &Map<String, Json>) -> Call {
    let (mut names, mut values, mut parts) = (Map::new(), Map::new(), Vec::new());
    for (number, (name, value)) in set.iter().enumerate() {
        names.insert(format!("#n{number}"), Json::from(name.as_str()));
        values.insert(format!(":v{number}"), value.clone());
        parts.push(format!("#n{number} = :v{number}"));
    }
    let mut body = json!({ "TableName": table, "Key": key });
    if let (Json::Object(body), false) = (&mut body, parts.is_empty()) {
        body.insert("UpdateExpression".to_owned(), Json::from(format!("SET {}", parts.join(", "))));
        body.insert("ExpressionAttributeNames".to_owned(), Json::Object(names));
        body.insert("ExpressionAttributeValues".to_owned(), Json::Object(values));
    }
    by_target(Outside::DynamoDb, "UpdateItem", "DynamoDB_20120810.UpdateItem", JSON_1_0, &body)
}

/// `DeleteItem`.
#[must_use]
pub fn delete_item(table: &str, key: &Map<String, Json>) -> Call {
    let body = json!({ "TableName": table, "Key": key });
    by_target(Outside::DynamoDb, "DeleteItem", "DynamoDB_20120810.DeleteItem", JSON_1_0, &body)
}

/// `GetItem`.
#[must_use]
pub fn get_item(table: &str, key: &Map<String, Json>) -> Call {
    let body = json!({ "TableName": table, "Key": key });
    by_target(Outside::DynamoDb, "GetItem", "DynamoDB_20120810.GetItem", JSON_1_0, &body)
}

/// The item that `GetItem` found, as plain JSON.
#[must_use]
pub fn item(body: &[u8]) -> Option<Map<String, Json>> {
    let reply: Json = serde_json::from_slice(body).ok()?;
    let item = reply.get("Item")?.as_object()?;
    Some(item.iter().map(|(name, value)| (name.clone(), plain(value))).collect())
}

/// The attribute values of plain JSON.
#[must_use]
pub fn attributes(object: &Map<String, Json>) -> Map<String, Json> {
    object.iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

/// The attribute value that stands for a JSON value.
#[must_use]
pub fn attribute(value: &Json) -> Json {
    match value {
        Json::Null => json!({ "NULL": true }),
        Json::Bool(value) => json!({ "BOOL": value }),
        Json::Number(number) => json!({ "N": number.to_string() }),
        Json::String(text) => json!({ "S": text }),
        Json::Array(items) => json!({ "L": items.iter().map(attribute).collect::<Vec<Json>>() }),
        Json::Object(members) => json!({ "M": attributes(members) }),
    }
}

/// The attribute value of bytes.
#[must_use]
pub fn binary(bytes: &[u8]) -> Json {
    json!({ "B": BASE64.encode(bytes) })
}

/// The JSON value that an attribute value stands for; bytes stay base64, sets become lists.
#[must_use]
pub fn plain(attribute: &Json) -> Json {
    let number = |text: &Json| {
        let text = text.as_str().unwrap_or_default();
        text.parse::<serde_json::Number>().map_or_else(|_| Json::from(text), Json::Number)
    };
    let all = |items: &Json, each: &dyn Fn(&Json) -> Json| {
        items.as_array().map(|items| items.iter().map(each).collect()).unwrap_or_default()
    };
    let Some((kind, value)) = attribute.as_object().and_then(|members| members.iter().next()) else {
        return Json::Null;
    };
    match kind.as_str() {
        "S" | "B" | "BOOL" => value.clone(),
        "N" => number(value),
        "L" => all(value, &plain),
        "SS" | "BS" => all(value, &Json::clone),
        "NS" => all(value, &number),
        "M" => {
            let members = value.as_object().into_iter().flatten();
            Json::Object(members.map(|(name, value)| (name.clone(), plain(value))).collect())
        }
        _ => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(json: Json) -> Map<String, Json> {
        json.as_object().cloned().unwrap()
    }

    fn body(call: &Call) -> Json {
        serde_json::from_slice(&call.body).unwrap()
    }

    #[test]
    fn json_becomes_attribute_values_and_json_again() {
        let json = json!({"s": "a", "n": 1.5, "i": 7, "b": true, "z": null, "l": [1, "x"], "m": {"k": {}}});
        let made = attributes(&object(json.clone()));
        assert_eq!(made["n"], json!({ "N": "1.5" }));
        assert_eq!(made["l"], json!({ "L": [{ "N": "1" }, { "S": "x" }] }));
        assert_eq!(made["m"], json!({ "M": { "k": { "M": {} } } }));
        let reply = json!({ "Item": made }).to_string();
        assert_eq!(item(reply.as_bytes()).map(Json::Object), Some(json));
        assert_eq!(item(b"{}"), None);
        assert_eq!(plain(&json!({ "NS": ["1", "2"] })), json!([1, 2]));
        assert_eq!(plain(&json!({ "SS": ["a"] })), json!(["a"]));
        assert_eq!(plain(&json!({ "B": "AA==" })), json!("AA=="));
        assert_eq!(plain(&json!("x")), Json::Null);
        assert_eq!(binary(&[0]), json!({ "B": "AA==" }));
    }

    #[test]
    fn an_update_sets_attributes_by_name() {
        let key = object(json!({ "k": { "S": "1" } }));
        let call = update_item("t", &key, &object(json!({ "size": { "N": "1" } })));
        let expected = json!({ "TableName": "t", "Key": { "k": { "S": "1" } }, "UpdateExpression": "SET #n0 = :v0",
            "ExpressionAttributeNames": { "#n0": "size" }, "ExpressionAttributeValues": { ":v0": { "N": "1" } } });
        assert_eq!(body(&call), expected);
        assert_eq!(body(&update_item("t", &key, &Map::new())), body(&get_item("t", &key)));
        assert_eq!(delete_item("t", &key).headers["x-amz-target"], "DynamoDB_20120810.DeleteItem");
        assert_eq!(body(&put_item("t", &key)), json!({ "TableName": "t", "Item": { "k": { "S": "1" } } }));
    }
}
