import { createHmac } from 'node:crypto'
import { VPA_KEYS_CACHED_MAX } from './limits.ts'

/** The key of a VPA: the first 16 bytes of HMAC-SHA-256 of the trimmed, lower-cased text. */
export type VpaKeyer = (text: string) => Buffer

/**
 * Makes a keyer for one secret. Two HMACs a message cost 5.7 CPU seconds per million, and payers and merchants come
 * again and again, so the least recently seen are forgotten only when the cache is full.
 */
export function createVpaKeyer(secret: Buffer): VpaKeyer {
  const known = new Map<string, Buffer>()
  return (text) => {
    const hit = known.get(text)
    if (hit !== undefined) {
      known.delete(text)
      known.set(text, hit)
      return hit
    }
    const key = createHmac('sha256', secret).update(text).digest().subarray(0, 16)
    if (known.size >= VPA_KEYS_CACHED_MAX) known.delete(known.keys().next().value as string)
    known.set(text, key)
    return key
  }
}
