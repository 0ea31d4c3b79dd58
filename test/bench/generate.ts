import { createTraffic, type TrafficOptions } from '../../core/traffic/traffic.ts'

const JANUARY = Date.parse('2026-01-01T00:00:00+05:30')
const FEBRUARY = Date.parse('2026-02-01T00:00:00+05:30')
const COUNT = 500_000

/** Measures how many messages a second one core makes, their JSON and its bytes included. */
export function measure(options: Partial<TrafficOptions>): { messages: number; perSecond: number } {
  const range = { seed: 'bench', from: JANUARY, to: FEBRUARY, count: COUNT }
  const traffic = createTraffic({ ...range, ...options })
  const bytes = new Uint8Array(1_048_576)
  const encoder = new TextEncoder()
  const before = cpuSeconds()
  let messages = 0
  for (const { value } of traffic) {
    if (typeof value === 'string') encoder.encodeInto(value, bytes)
    messages += 1
  }
  return { messages, perSecond: Math.round(messages / (cpuSeconds() - before)) }
}

// The thread's own time, so that neighbours on a busy machine do not count.
function cpuSeconds(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000_000
}

measure({ count: COUNT / 10 }) // Warms up the compiler.
for (const [name, options] of [
  ['one month', {}],
  ['one month, 5 % faults', { faults: 0.05 }],
  ['live at 1,000/s', { to: undefined, ratePerSecond: 1000 }],
] as const) {
  const { messages, perSecond } = measure(options)
  process.stdout.write(`${name}: ${messages} messages, ${perSecond} messages/s\n`)
}
