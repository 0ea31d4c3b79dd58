import type { Transactions } from './merge-batch.ts'
import type { Outcome } from './run-pipeline.ts'

/** What of a partition one transaction writes. */
export interface Batch {
  readonly partition: number
  readonly epoch: number
  /** The stored offset that this batch continues. */
  readonly from: bigint
  /** The offset after the last that this batch covers. */
  readonly next: bigint
  /** The UTC day of Kafka's time of all its messages. */
  readonly rawDay: string
  /** The latest of Kafka's times that it covers, markers' too, in milliseconds. */
  readonly latestMs: number
  readonly outcome: Outcome
}

/** A batch with all done for it that needs no database. */
export interface PreparedBatch extends Batch {
  readonly raw: Buffer
  readonly rejected: Buffer
  readonly transactions: Transactions
  /** Whether every message has its transaction's id as key and lies where that belongs: no other partition has more. */
  readonly isKeyed: boolean
}
