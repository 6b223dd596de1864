//! Questions to the outside as values: a function that cannot answer from the message says what it needs.

use crate::value::Value;

/// What has to be asked before the statement can be evaluated. Equal needs have one answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Need {
    /// `get_thing_shadow(thing[, shadow], roleArn)`
    Shadow { thing: String, name: Option<String>, role: String },
    /// `aws_lambda(functionArn, inputJson)`
    Lambda { function: String, payload: String },
    /// `get_dynamodb(table, pkName, pkValue[, skName, skValue], roleArn)`; values are attribute values.
    DynamoDb { table: String, partition: (String, Value), sort: Option<(String, Value)>, role: String },
    /// `get_secret(id, type[, key], roleArn)`
    Secret { id: String, binary: bool, key: Option<String>, role: String },
    /// `get_registry_data(api, thing, roleArn)`
    Registry { api: String, thing: String, role: String },
    /// `machinelearning_predict(model, role, record)`
    Prediction { model: String, role: String, record: String },
}

/// What the outside said: a value, or why there is none.
pub type Answer = Result<Value, String>;
