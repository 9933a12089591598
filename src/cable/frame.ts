/**
 * WebSocket frames as a server sends them (RFC 6455, section 5.2): final, unmasked, without extensions, in
 * one contiguous buffer that any number of sockets share.
 *
 *   byte 0      0x81 final text frame; 0x89 ping
 *   byte 1      length up to 125, or 126 / 127
 *   bytes 2-3   with 126: length up to 65,535, big-endian
 *   bytes 2-9   with 127: length, big-endian
 *   then        the payload, UTF-8
 */

/** A ping without payload; the peer's WebSocket answers it by itself. */
export const pingControlFrame: Buffer = Buffer.from([0x89, 0x00])

/** Lengths count bytes, not characters. */
export function textFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text)
  const start = bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(start + bytes)
  frame[0] = 0x81
  if (start === 2) {
    frame[1] = bytes
  } else if (start === 4) {
    frame[1] = 126
    frame.writeUInt16BE(bytes, 2)
  } else {
    frame[1] = 127
    frame.writeUInt32BE(Math.floor(bytes / 2 ** 32), 2)
    frame.writeUInt32BE(bytes % 2 ** 32, 6)
  }
  frame.write(text, start, 'utf8')
  return frame
}
