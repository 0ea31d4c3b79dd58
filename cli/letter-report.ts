import { groupIndian } from '../core/money.ts'
import type {
  CountedLetters,
  ListedLetter,
  RevealedLetter,
} from '../platform/queries/dead-letters.ts'
import { note, print, printTable } from './output.ts'

/** A dead letter for machines, without what it says. */
export function letterForMachines(letter: ListedLetter | RevealedLetter) {
  return {
    rejected_at: letter.rejected_at,
    topic: letter.topic,
    epoch: letter.epoch,
    partition: letter.kafka_partition,
    offset: Number(letter.kafka_offset),
    kafka_timestamp: letter.kafka_timestamp,
    code: letter.reason_code,
    reasons: letter.reasons,
    detail: letter.detail,
    relayed_at: letter.relayed_at,
    resolution: letter.resolution,
    resolved_at: letter.resolved_at,
  }
}

/** Prints a page of dead letters and how to see the next. */
export function printLetters(letters: readonly ListedLetter[], next: string | undefined): void {
  if (letters.length === 0) {
    note('no dead letters')
    return
  }
  printTable(letters, [
    { title: 'when', value: ({ rejected_at }) => whenOf(rejected_at) },
    { title: 'code', value: ({ reason_code }) => reason_code, style: () => 'red' },
    { title: 'detail', value: ({ detail }) => detail },
    { title: 'partition', value: ({ kafka_partition }) => kafka_partition, align: 'right' },
    { title: 'offset', value: ({ kafka_offset }) => kafka_offset, align: 'right' },
    { title: 'resolution', value: ({ resolution }) => resolution },
  ])
  if (next !== undefined) note(`there are more: --after ${next}`)
}

/** Prints how many there are of each code. */
export function printCounts(counts: readonly CountedLetters[]): void {
  if (counts.length === 0) {
    note('no dead letters')
    return
  }
  printTable(counts, [
    { title: 'code', value: ({ reason_code }) => reason_code, style: () => 'red' },
    { title: 'letters', value: ({ letters }) => groupIndian(String(letters)), align: 'right' },
    {
      title: 'unresolved',
      value: ({ unresolved }) => groupIndian(String(unresolved)),
      align: 'right',
    },
    { title: 'oldest', value: ({ oldest }) => whenOf(oldest) },
    { title: 'newest', value: ({ newest }) => whenOf(newest) },
  ])
}

/** Prints all of one dead letter: what is known of it, then what it says. */
export function printLetter(letter: RevealedLetter): void {
  const { payload, payload_bytes, message_key, resolution, resolved_at, resolved_by } = letter
  const resolved = resolution && `${resolution} by ${resolved_by} at ${whenOf(resolved_at)}`
  const lines: [string, string | number | null][] = [
    ['place', `${letter.topic} epoch ${letter.epoch} ${placeOf(letter)}`],
    ['in Kafka since', whenOf(letter.kafka_timestamp)],
    ['rejected', whenOf(letter.rejected_at)],
    ['relayed', letter.relayed_at === null ? 'not yet' : whenOf(letter.relayed_at)],
    ['code', letter.reason_code],
    ['all reasons', letter.detail ?? letter.reasons.join(', ')],
    ['resolution', resolved ?? 'none'],
    ['key', message_key],
  ]
  printTable(lines, [
    { title: '', value: ([title]) => title },
    { title: '', value: ([, value]) => value },
  ])
  print()
  if (payload !== null) print(payload)
  if (payload_bytes !== null) print(`base64: ${payload_bytes.toString('base64')}`)
  if (payload === null && payload_bytes === null) note('the value is null')
}

/** Where a dead letter lies, as commands take it. */
export function placeOf(letter: { kafka_partition: number; kafka_offset: string }): string {
  return `${letter.kafka_partition}:${letter.kafka_offset}`
}

function whenOf(at: Date | null): string {
  return at === null ? '' : at.toISOString().slice(0, 19).replace('T', ' ').concat('Z')
}
