// A byte string holds one byte in each character (latin1). V8 and JavaScriptCore store it in that many bytes, and Node
// writes it to a socket without encoding it.

/** The bytes of the text in UTF-8. */
export function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** The bytes themselves, for what takes no string. */
export function bufferOf(bytes: string): Buffer {
  return Buffer.from(bytes, 'latin1')
}

/** As a byte string. */
export function bytesIn(buffer: Uint8Array): string {
  return Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength).toString('latin1')
}

/** The text of which these are the bytes in UTF-8. */
export function toText(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
