import { randomFillSync } from 'node:crypto'

const uuidBytes = 16
/** Random bytes are drawn for so many UUIDs at a time. */
const uuidsADraw = 256

const digits = Buffer.from('0123456789abcdef', 'latin1')
/** Where the two digits of each byte stand in the text. */
const places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const

/**
 * A function that gives a new random UUID (version 4) at each call. It does what `randomUUID` of node:crypto does, but
 * gives a flat text: that gives a rope of twenty pieces, which the garbage collector must follow for each sample held.
 */
export function createUuidSource(): () => string {
  const random = Buffer.alloc(uuidBytes * uuidsADraw)
  const text = Buffer.from('00000000-0000-0000-0000-000000000000', 'latin1')
  let at = random.length
  return () => {
    if (at === random.length) {
      randomFillSync(random)
      at = 0
    }
    random.writeUInt8((random.readUInt8(at + 6) & 0x0f) | 0x40, at + 6)
    random.writeUInt8((random.readUInt8(at + 8) & 0x3f) | 0x80, at + 8)
    for (const place of places) {
      const byte = random[at++] ?? 0
      text[place] = digits[byte >> 4] ?? 0
      text[place + 1] = digits[byte & 0x0f] ?? 0
    }
    return text.toString('latin1')
  }
}
