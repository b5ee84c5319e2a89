//! rpm's expressions, of `%if` and `%[ ]`: numbers, strings, comparison, arithmetic, `&&`, `||`, `!`, `? :`.
//!
//! Reads text that is expanded already (rpm's `rpmio/expression.c`). What it does not know is `None`.

/// How deep parentheses may nest.
const MOST_DEPTH: usize = 64;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Number(i64),
    Text(String),
}

impl Value {
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Value::Number(number) => *number != 0,
            Value::Text(text) => !text.is_empty(),
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Value::Number(number) => number.to_string(),
            Value::Text(text) => text.clone(),
        }
    }
}

/// The value of an expression.
pub(crate) fn evaluate(text: &str) -> Option<Value> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let value = parser.ternary()?;
    (parser.at == parser.tokens.len()).then_some(value)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Value(Value),
    Sign(&'static str),
}

const SIGNS: &[&str] =
    &["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "+", "-", "*", "/", "?", ":"];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            let (body, after) = rest[1..].split_once('"')?;
            tokens.push(Token::Value(Value::Text(body.to_owned())));
            rest = after;
        } else if c.is_ascii_digit() {
            let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            tokens.push(Token::Value(Value::Number(rest[..length].parse().ok()?)));
            rest = &rest[length..];
        } else if c.is_ascii_alphabetic() || c == '_' {
            // A bare word is a string in rpm before 4.15; it is an error later, which here is the same as false.
            let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            tokens.push(Token::Value(Value::Text(rest[..length].to_owned())));
            rest = &rest[length..];
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign))?;
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        }
        rest = rest.trim_start();
    }
    Some(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn accept(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        match self.tokens.get(self.at) {
            Some(Token::Sign(sign)) if signs.contains(sign) => {
                self.at += 1;
                Some(sign)
            }
            _ => None,
        }
    }

    fn ternary(&mut self) -> Option<Value> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return None;
        }
        let condition = self.logical()?;
        let value = if self.accept(&["?"]).is_some() {
            let yes = self.ternary()?;
            self.accept(&[":"])?;
            let no = self.ternary()?;
            if condition.is_true() { yes } else { no }
        } else {
            condition
        };
        self.depth -= 1;
        Some(value)
    }

    fn logical(&mut self) -> Option<Value> {
        let mut left = self.relation()?;
        while let Some(sign) = self.accept(&["&&", "||"]) {
            let right = self.relation()?;
            // rpm gives back the operand that decided.
            left = match (sign, left.is_true()) {
                ("&&", true) | ("||", false) => right,
                _ => left,
            };
        }
        Some(left)
    }

    fn relation(&mut self) -> Option<Value> {
        let left = self.sum()?;
        let Some(sign) = self.accept(&["==", "!=", "<=", ">=", "<", ">"]) else { return Some(left) };
        let right = self.sum()?;
        let order = match (&left, &right) {
            (Value::Number(a), Value::Number(b)) => a.cmp(b),
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            _ => return None,
        };
        let holds = match sign {
            "==" => order.is_eq(),
            "!=" => order.is_ne(),
            "<=" => order.is_le(),
            ">=" => order.is_ge(),
            "<" => order.is_lt(),
            _ => order.is_gt(),
        };
        Some(Value::Number(holds.into()))
    }

    fn sum(&mut self) -> Option<Value> {
        let mut left = self.product()?;
        while let Some(sign) = self.accept(&["+", "-"]) {
            left = match (left, sign, self.product()?) {
                (Value::Number(a), "+", Value::Number(b)) => Value::Number(a.checked_add(b)?),
                (Value::Number(a), _, Value::Number(b)) => Value::Number(a.checked_sub(b)?),
                (Value::Text(a), "+", Value::Text(b)) => Value::Text(a + &b),
                _ => return None,
            };
        }
        Some(left)
    }

    fn product(&mut self) -> Option<Value> {
        let mut left = self.unary()?;
        while let Some(sign) = self.accept(&["*", "/"]) {
            left = match (left, sign, self.unary()?) {
                (Value::Number(a), "*", Value::Number(b)) => Value::Number(a.checked_mul(b)?),
                (Value::Number(a), _, Value::Number(b)) => Value::Number(a.checked_div(b)?),
                _ => return None,
            };
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<Value> {
        let mut signs = Vec::new();
        while let Some(sign) = self.accept(&["!", "-"]) {
            signs.push(sign);
        }
        let mut value = self.primary()?;
        for sign in signs.into_iter().rev() {
            value = match (sign, value) {
                ("!", value) => Value::Number((!value.is_true()).into()),
                (_, Value::Number(number)) => Value::Number(number.checked_neg()?),
                _ => return None,
            };
        }
        Some(value)
    }

    fn primary(&mut self) -> Option<Value> {
        if self.accept(&["("]).is_some() {
            let value = self.ternary()?;
            self.accept(&[")"])?;
            return Some(value);
        }
        match self.tokens.get(self.at)? {
            Token::Value(value) => {
                self.at += 1;
                Some(value.clone())
            }
            Token::Sign(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_rpm_says() {
        for (text, expected) in [
            ("0", "0"),
            ("08 >= 8", "1"),
            ("!0 && 010 > 9", "1"),
            ("1 || 0 && 0", "0"),
            ("\"a\" == \"b\"", "0"),
            ("1 + 2 * 3", "7"),
            ("! (1 == 2)", "1"),
            ("1 ? \"x\" : \"y\"", "x"),
            ("-1 < 0", "1"),
        ] {
            assert_eq!(evaluate(text).map(|v| v.text()).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "1 +", "(1", "1 / 0", "\"a\" < 1", "9223372036854775807 + 1", "a b"] {
            assert_eq!(evaluate(text), None, "{text}");
        }
        assert_eq!(evaluate(&"(".repeat(5000)), None);
    }
}
