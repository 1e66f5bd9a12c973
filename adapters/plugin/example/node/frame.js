// Frames of updates as bytes: see frames.md beside the protocol's definition.

/** Returns a number in base 128. */
function number(n) {
  const bytes = [];
  for (n = BigInt(n); n >= 0x80n; n >>= 7n) bytes.push(Number(n & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(n)]);
}

function text(s) {
  const data = Buffer.from(s);
  return Buffer.concat([number(data.length), data]);
}

/** Returns the definition of a field. */
export const defineField = (n, name) => Buffer.concat([Buffer.from([6]), number(n), text(name)]);

/** Returns an update: values[i] is that of field i, and null is null. */
export function update(item, values) {
  const parts = [Buffer.from([1]), number(item), number(values.length)];
  values.forEach((value, field) => {
    const data = Buffer.from(value ?? "");
    parts.push(number(field), number(value === null ? 0 : data.length + 1), data);
  });
  return Buffer.concat(parts);
}
