//! Writing Protocol Buffers: as much of it as ONNX needs.
//!
//! A message is a list of fields. Each is a tag, which has the field's number and its wire type, and then the value
//! (<https://protobuf.dev/programming-guides/encoding>). The numbers are those of
//! [`onnx.proto`](https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).

/// Wire types.
const VARINT: u32 = 0;
const LENGTH_DELIMITED: u32 = 2;

/// A message, to which fields are added in the order in which they are written.
#[derive(Clone, Debug, Default)]
pub struct Message(Vec<u8>);

impl Message {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn integer(mut self, field: u32, value: i64) -> Self {
        self.tag(field, VARINT);
        // Negative numbers are in two's complement, of 64 bits.
        self.varint(value as u64);
        self
    }

    pub fn integers(self, field: u32, values: impl IntoIterator<Item = i64>) -> Self {
        let add = |message: Self, value| message.integer(field, value);
        values.into_iter().fold(self, add)
    }

    pub fn bytes(mut self, field: u32, value: &[u8]) -> Self {
        self.tag(field, LENGTH_DELIMITED);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    pub fn text(self, field: u32, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    pub fn message(self, field: u32, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    pub fn messages(self, field: u32, values: impl IntoIterator<Item = Self>) -> Self {
        values
            .into_iter()
            .fold(self, |message, value| message.message(field, &value))
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn tag(&mut self, field: u32, wire_type: u32) {
        self.varint(u64::from(field << 3 | wire_type));
    }

    /// Seven bits a byte, the lowest first; the highest bit says whether more follow.
    fn varint(&mut self, mut value: u64) {
        while value >= 1 << 7 {
            self.0.push(value as u8 | 1 << 7);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of <https://protobuf.dev/programming-guides/encoding>.
    #[test]
    fn fields_are_written_as_the_specification_has_them() {
        let of_150 = Message::new().integer(1, 150);
        assert_eq!(of_150.clone().into_bytes(), [0x08, 0x96, 0x01]);
        let testing = Message::new().text(2, "testing").into_bytes();
        assert_eq!(testing, b"\x12\x07testing");
        let nested = Message::new().message(3, &of_150).into_bytes();
        assert_eq!(nested, [0x1a, 0x03, 0x08, 0x96, 0x01]);
        let negative = Message::new().integer(1, -2).into_bytes();
        let expected = [
            0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
        ];
        assert_eq!(negative, expected);
    }
}
