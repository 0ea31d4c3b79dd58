import { createHash } from 'node:crypto'
import { UpiError } from '../core/errors.ts'
import { toPaise } from '../core/money.ts'
import { parseZone } from '../core/time.ts'
import { createVpaKeyer } from '../core/vpa-key.ts'
import type { Config, Needed } from '../platform/config.ts'
import type { Rules } from './processor.ts'

// Raised by hand when a processor's outcome changes for some message.
const PROCESSORS_VERSION = 1

/** The rules of cleaning from the settings; schemas are looked up by whoever reads the messages. */
export function rulesOf(config: Needed<'piiKey'>, schemaOf: Rules['schemaOf']): Rules {
  return { ...checksOf(config), keyOf: createVpaKeyer(config.piiKey.secret), schemaOf }
}

/** The rules for whoever only asks whether the stream will accept a message: plain or JSON, and its VPAs get no key. */
export function checkingRulesOf(config: Config): Rules {
  return { ...checksOf(config), keyOf: () => NO_KEY, schemaOf: () => ({ type: 'JSON' }) }
}

const NO_KEY = Buffer.alloc(0)

function checksOf(config: Config): Omit<Rules, 'keyOf' | 'schemaOf'> {
  return {
    amountLimitPaise: toPaise(config.amountLimit),
    txnIdProfile: config.txnIdProfile,
    naiveOffsetMinutes: offsetMinutes(config.naiveTimestampZone),
    eventAgeMsMax: config.eventAgeDaysMax * 86_400_000,
  }
}

/** A short name for everything that the outcome of cleaning depends on, and what it stands for. */
export interface RulesVersion {
  readonly version: string
  readonly settings: object
}

/** The version of the rules in force; the key of the VPAs counts by its id only. */
export function rulesVersionOf(config: Needed<'piiKey'>): RulesVersion {
  const settings = {
    processors: PROCESSORS_VERSION,
    amount_limit: config.amountLimit,
    txn_id_profile: config.txnIdProfile,
    naive_timestamp_zone: config.naiveTimestampZone ?? null,
    event_age_days_max: config.eventAgeDaysMax,
    pii_key_id: config.piiKey.id,
  }
  const hash = createHash('sha256').update(JSON.stringify(settings)).digest('hex')
  return { version: `${PROCESSORS_VERSION}-${hash.slice(0, 12)}`, settings }
}

/** The rules that a recorded version stands for, with the present key and schemas; undefined if they are not known. */
export function recordedRules(settings: object, present: Rules): Rules | undefined {
  const { amount_limit, txn_id_profile, naive_timestamp_zone, event_age_days_max } =
    settings as Partial<Record<string, unknown>>
  if (typeof amount_limit !== 'string' || typeof event_age_days_max !== 'number') return undefined
  if (txn_id_profile !== 'lenient' && txn_id_profile !== 'npci') return undefined
  return {
    ...present,
    amountLimitPaise: toPaise(amount_limit),
    txnIdProfile: txn_id_profile,
    naiveOffsetMinutes: offsetMinutes((naive_timestamp_zone ?? undefined) as string | undefined),
    eventAgeMsMax: event_age_days_max * 86_400_000,
  }
}

function offsetMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined) return undefined
  const minutes = parseZone(zone)
  if (minutes !== undefined) return minutes
  throw new UpiError('CONFIG_INVALID', `UPI_NAIVE_TIMESTAMP_ZONE '${zone}' is not known`, {
    fix: 'use an offset such as +05:30, or Asia/Kolkata',
  })
}
