/** Every ceiling of the platform, unit last, with the reason above it. */

// A UPI message is some 400 bytes; what is a hundred times larger is a mistake or an attack.
export const MESSAGE_BYTES_MAX = 65_536

// NPCI's samples need 35; older sources bring their own ids.
export const TXN_ID_CHARS_MAX = 64

// The longest VPA that RFC-like limits allow; account-form VPAs with an IFSC stay under 60.
export const VPA_CHARS_MAX = 255

// Clocks of payment apps run ahead; what is further ahead would drag watermarks and windows with it.
export const EVENT_AHEAD_MS_MAX = 5 * 60_000

// One transaction of the sink; bounds the memory of a batch and the time its locks are held.
export const BATCH_ROWS_MAX = 10_000

// Some 20 MB of keys; Zipf merchants and regular payers fit, one-off payers fall out.
export const VPA_KEYS_CACHED_MAX = 100_000
