import { HmacSha256 } from './hmac-sha256.ts'

const KEY_BYTES = 16

/** The key of a VPA: the first 16 bytes of HMAC-SHA-256 of the trimmed, lower-cased text. */
export type VpaKeyer = (text: string) => Buffer

/** Makes a keyer for one secret. A cache would cost more than it saves: most VPAs of a batch are new. */
export function createVpaKeyer(secret: Uint8Array): VpaKeyer {
  const hmac = new HmacSha256(secret)
  return (text) => hmac.digest(text, KEY_BYTES)
}
