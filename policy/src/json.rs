//! JSON text in, values with their byte offsets out; knows nothing of policies.

use crate::limits;

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) at: usize,
    pub(crate) value: Value,
}

#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<Member>),
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) at: usize,
    pub(crate) node: Node,
}

#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) at: usize,
    pub(crate) reason: String,
}

impl Value {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        }
    }
}

pub(crate) fn read(text: &str) -> Result<Node, Broken> {
    let mut reader = Reader { text, at: 0 };
    let node = reader.value(0)?;
    reader.blanks();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.broken("there is text after the end of the document")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Node, Broken> {
        if depth > limits::DEPTH {
            return Err(self.broken("values are nested too deeply"));
        }
        self.blanks();
        let at = self.at;
        let value = match self.peek() {
            None => return Err(self.broken("the text ends where a value is expected")),
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(_) => return Err(self.unexpected("a value")),
        };
        Ok(Node { at, value })
    }

    fn object(&mut self, depth: usize) -> Result<Value, Broken> {
        self.at += 1;
        let mut members: Vec<Member> = Vec::new();
        self.blanks();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.blanks();
            let at = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a field name in double quotes"));
            }
            let key = self.string()?;
            if members.iter().any(|member| member.key == key) {
                return Err(Broken { at, reason: format!("the field {key:?} is given twice") });
            }
            self.blanks();
            if !self.take(b':') {
                return Err(self.unexpected("a colon"));
            }
            let node = self.value(depth + 1)?;
            members.push(Member { key, at, node });
            self.blanks();
            if self.take(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.take(b',') {
                return Err(self.unexpected("a comma or a closing brace"));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, Broken> {
        self.at += 1;
        let mut nodes = Vec::new();
        self.blanks();
        if self.take(b']') {
            return Ok(Value::List(nodes));
        }
        loop {
            nodes.push(self.value(depth + 1)?);
            self.blanks();
            if self.take(b']') {
                return Ok(Value::List(nodes));
            }
            if !self.take(b',') {
                return Err(self.unexpected("a comma or a closing bracket"));
            }
        }
    }

    fn string(&mut self) -> Result<String, Broken> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                None => return Err(Broken { at: start, reason: "a string has no closing quote".into() }),
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(quoted).map_err(|_| Broken {
            at: start,
            reason: "a string holds a raw control character or an escape that JSON does not know".into(),
        })
    }

    fn number(&mut self) -> Result<Value, Broken> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let written = self.text.get(start..self.at).unwrap_or_default();
        match serde_json::from_str::<serde_json::Number>(written) {
            Ok(_) => Ok(Value::Number(written.to_owned())),
            Err(_) => Err(Broken { at: start, reason: format!("{written} is not a JSON number") }),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Broken> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn unexpected(&self, wanted: &str) -> Broken {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            None => self.broken(&format!("the text ends where {wanted} is expected")),
            Some(found) => self.broken(&format!("{found:?} stands where {wanted} is expected")),
        }
    }

    fn broken(&self, reason: &str) -> Broken {
        Broken { at: self.at, reason: reason.to_owned() }
    }
}
