//! In: named values. Out: one JSON line for machines, one for people. Does not interpret them.

pub enum Value {
    Text(String),
    Int(u64),
    Float(f64),
}

impl From<u64> for Value {
    fn from(v: u64) -> Self {
        Value::Int(v)
    }
}
impl From<f64> for Value {
    fn from(v: f64) -> Self {
        Value::Float(v)
    }
}
impl From<&str> for Value {
    fn from(v: &str) -> Self {
        Value::Text(v.into())
    }
}

#[derive(Default)]
pub struct Report(Vec<(&'static str, Value)>);

impl Report {
    pub fn put(&mut self, key: &'static str, v: impl Into<Value>) {
        self.0.push((key, v.into()));
    }

    pub fn json(&self) -> String {
        let fields: Vec<String> = self
            .0
            .iter()
            .map(|(k, v)| match v {
                Value::Text(t) => {
                    let safe: String = t
                        .chars()
                        .map(|c| if c == '"' || c == '\\' || c.is_control() { '_' } else { c })
                        .collect();
                    format!("\"{k}\":\"{safe}\"")
                }
                Value::Int(n) => format!("\"{k}\":{n}"),
                Value::Float(x) if x.is_finite() => format!("\"{k}\":{x:.4}"),
                Value::Float(_) => format!("\"{k}\":null"),
            })
            .collect();
        format!("{{{}}}", fields.join(","))
    }

    pub fn text(&self) -> String {
        let fields: Vec<String> = self
            .0
            .iter()
            .map(|(k, v)| match v {
                Value::Text(t) => format!("{k}={t}"),
                Value::Int(n) => format!("{k}={n}"),
                Value::Float(x) => format!("{k}={x:.3}"),
            })
            .collect();
        fields.join(" ")
    }
}
