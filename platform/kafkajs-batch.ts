import { createRequire } from 'node:module'
import type { KafkaMessage } from 'kafkajs'
import type { UpiError } from '../core/errors.ts'
import { fetchWithin, type Portion } from './bytes-in-hand.ts'
import { type FetchedMessage, type FetchedMessages, mendDecoding } from './kafkajs-decode.ts'

/** What kafkajs has of a batch beyond what its types tell. */
export interface FetchedBatch {
  /** The offset that was asked for: another than was wanted where kafkajs has reset it by itself. */
  readonly fetchedOffset: string
  /** All that the broker gave, also what kafkajs hides: transaction markers, aborted messages. */
  readonly rawMessages: readonly (KafkaMessage & { readonly unreadable?: UpiError })[] & {
    readonly portion?: Portion
  }
}

export interface AbortedTransaction {
  readonly producerId: string
  readonly firstOffset: string
}

interface FetchResponse {
  readonly responses: readonly {
    readonly partitions: readonly {
      readonly messages: FetchedMessages
      abortedTransactions?: AbortedTransaction[]
    }[]
  }[]
}

interface FetchRequest {
  readonly maxBytes: number
  readonly maxWaitTime: number
}

interface Patched {
  isPatched?: true
}

/**
 * Mends two faults of kafkajs 2.2.4, for consumers by eachBatch that resolve every batch themselves. It passes over
 * batches of transaction markers alone, so that whoever keeps the offsets would never hear of them. And it shows
 * messages of transactions that were aborted in another order than they began.
 */
export function mendBatches(): void {
  const load = createRequire(import.meta.url)
  const { prototype: batch } = load('kafkajs/src/consumer/batch') as {
    prototype: Patched & {
      rawMessages: readonly unknown[]
      isEmpty(): boolean
      isEmptyDueToFiltering(): boolean
    }
  }
  const { prototype: broker } = load('kafkajs/src/broker') as {
    prototype: { nodeId: number; fetch(request: FetchRequest): Promise<FetchResponse> }
  }
  if (batch.isPatched === true) return
  batch.isPatched = true
  mendDecoding()
  batch.isEmptyDueToFiltering = () => false
  batch.isEmpty = function () {
    return this.rawMessages.length === 0
  }
  const { fetch } = broker
  broker.fetch = async function (request) {
    const response = await fetchWithin(this.nodeId, request, (maxBytes) =>
      fetch.call(this, { ...request, maxBytes }),
    )
    // As though there were nothing to fetch: the consumer beats, and asks again.
    if (response === undefined) return { responses: [] }
    for (const partition of response.responses.flatMap(({ partitions }) => partitions)) {
      hideAborted(partition.messages, partition.abortedTransactions ?? [])
      partition.abortedTransactions = []
    }
    return response
  }
}

/** Hides the messages of aborted transactions, as Kafka's own consumer does; `messages` are in offset order. */
export function hideAborted(
  messages: readonly FetchedMessage[],
  aborted: readonly AbortedTransaction[],
): void {
  if (aborted.length === 0) return
  const coming = aborted.toSorted((a, b) => Number(BigInt(a.firstOffset) - BigInt(b.firstOffset)))
  const open = new Set<string>()
  for (const message of messages) {
    const offset = BigInt(message.offset)
    for (let [next] = coming; next && BigInt(next.firstOffset) <= offset; [next] = coming) {
      open.add(next.producerId)
      coming.shift()
    }
    const { producerId, inTransaction } = message.batchContext ?? {}
    if (producerId === undefined) continue
    if (message.isControlRecord) {
      if (isAbort(message)) open.delete(producerId)
    } else if (inTransaction && open.has(producerId)) message.isControlRecord = true
  }
}

// The key of a marker: two bytes of version, two of type, of which 0 is an abort.
function isAbort({ key }: FetchedMessage): boolean {
  return key?.readInt16BE(2) === 0
}
